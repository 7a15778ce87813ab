/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h - an API context with bunq or a trivet gateway: open, call, close
 *
 *   struct trivet_context_options options = TRIVET_CONTEXT_OPTIONS_INIT;
 *   struct trivet_context *context;
 *   struct trivet_answer *answer;
 *
 *   options.file = "bunq.conf";
 *   options.environment = TRIVET_ENVIRONMENT_SANDBOX;
 *   options.api_key_file = "api-key";
 *
 *   trivet_context_open(&options, &context, &err);
 *   trivet_call(context, &(struct trivet_call){"GET", "user"}, &answer, &err);
 *
 * What base.h says holds, and for everything here:
 *   Blocks: yes, unless it says otherwise.
 *   Threads: a context may be used by any number of threads at once, and by a
 *   child after fork (which reads its state from the file again). Any number
 *   of processes may use one context file.
 *
 * Statuses that a caller can act on:
 *   TRIVET_E_USAGE        an option or an argument is wrong
 *   TRIVET_E_NOT_FOUND    a file is missing, or there is no API key
 *   TRIVET_E_MALFORMED    a file or an answer has the wrong form
 *   TRIVET_E_CONFLICT     the file belongs to another API key or environment
 *   TRIVET_E_NO_SESSION   there is no session, and the call must not open one
 *   TRIVET_E_REFUSED      the server refused a step of the login
 *   TRIVET_E_UNTRUSTED    certificate, pin or signature: do not use the answer
 *   TRIVET_E_THROTTLED    a rate limit, and the wait would be too long
 *   TRIVET_E_UNAVAILABLE  the network or the server is down; it is safe to
 *                         try again
 *   TRIVET_E_OUTCOME_UNKNOWN  a call other than GET was sent and no answer
 *                         came: the server may have acted. Find out before
 *                         you make the call again
 */
#ifndef TRIVET_CLIENT_H
#define TRIVET_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trivet/base.h"
#include "trivet/pin.h"
#include "trivet/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    TRIVET_MAX_URL = 512,        /* bytes of a base URL, with its NUL   */
    TRIVET_MAX_USER_NAME = 256,  /* bytes, with the NUL                 */
    TRIVET_SIGNATURE_SIZE = 345, /* base64 of 256 bytes, with the NUL   */
    TRIVET_API_KEY_SIZE = 513    /* bytes, with the NUL                 */
};

enum trivet_environment {
    TRIVET_ENVIRONMENT_UNSET = 0, /* as in the context file              */
    TRIVET_ENVIRONMENT_SANDBOX,
    TRIVET_ENVIRONMENT_PRODUCTION,
    TRIVET_ENVIRONMENT_URL /* as in base_url: a gateway                  */
};

/* ---- pins --------------------------------------------------------------- */

enum trivet_pin_mode {
    TRIVET_PINS_ENFORCE = 0, /* a key that is not pinned ends the connection */
    TRIVET_PINS_REPORT       /* it is reported (TRIVET_EVENT_PIN)            */
};

/* ---- what a context reports while it works ------------------------------ */

enum trivet_event_kind {
    TRIVET_EVENT_STEP,     /* a step of the login begins: its name is text  */
    TRIVET_EVENT_WAIT,     /* for the rate limit of text, for `seconds`     */
    TRIVET_EVENT_PIN,      /* an unknown key was seen in report mode        */
    TRIVET_EVENT_SENT,     /* a line of a request, without secrets          */
    TRIVET_EVENT_RECEIVED, /* a line of an answer, without secrets          */
    TRIVET_EVENT_WARNING   /* a person should know it; nothing failed       */
};

struct trivet_event {
    enum trivet_event_kind kind;
    const char *text; /* lives as long as the call of the function */
    double seconds;
};

/* Called in the thread that works, perhaps in several at once. Must not use
 * the context. */
typedef void (*trivet_event_fn)(void *arg, const struct trivet_event *event);

/* ---- opening a context -------------------------------------------------- */

enum trivet_open_flags {
    /* Only read the file: no step is taken, TRIVET_E_NOT_FOUND without one. */
    TRIVET_OPEN_OFFLINE = 1,
    /* Begin again with a new installation. The file's API key is kept, unless
     * another key or environment is given. */
    TRIVET_OPEN_NEW = 2,
    /* Do not count calls for the server's rate limits. The limit for opening
     * sessions, one in 30 s, always holds. */
    TRIVET_OPEN_UNTHROTTLED = 4,
    /* pin_mode replaces that of the file's pins, also when it is ENFORCE. */
    TRIVET_OPEN_PIN_MODE = 8,
    /* When the context has no pins, pin the key that the server shows, before
     * anything is sent. Pins that are given with a first login are kept beside
     * it: those of keys to come. */
    TRIVET_OPEN_PIN_ON_FIRST_USE = 16
};

/*
 * Strings are copied. A member that is NULL or 0 is read from the context file
 * if there is one, else it has the default in brackets. Initialise with
 * TRIVET_CONTEXT_OPTIONS_INIT: later versions append members.
 */
struct trivet_context_options {
    size_t size;    /* sizeof this struct                                  */
    int api_key_fd; /* read the API key from there, to its end [-1: no]    */
    unsigned flags; /* of enum trivet_open_flags                           */

    const char *file; /* the context file. Required                       */
    enum trivet_environment environment; /* [sandbox]                      */
    const char *base_url; /* https://host[:port]/v1, with ENVIRONMENT_URL  */

    /* The API key: at most one source. Needed for the first login only. */
    const void *api_key;
    size_t api_key_len;
    const char *api_key_file; /* refused when others can read it           */

    const char *description; /* of the device [trivet on HOSTNAME]         */
    const char *const *permitted_ips; /* [only the caller's own address]   */
    size_t num_permitted_ips;

    const char *ca_file; /* PEM of the CAs to trust [the system's]         */
    const char *proxy;   /* a URL [none, not even from the environment]    */
    const struct trivet_pin *pins; /* [none]                               */
    size_t num_pins;
    enum trivet_pin_mode pin_mode;

    int connect_timeout_s; /* [10]                                         */
    int timeout_s;         /* of one exchange [30]                         */
    int max_wait_s;        /* for the rate limit [60]; -1: not at all      */

    trivet_event_fn on_event;
    void *event_arg;
};

#define TRIVET_CONTEXT_OPTIONS_INIT                                            \
    {                                                                          \
        sizeof(struct trivet_context_options), -1, 0, NULL,                    \
            TRIVET_ENVIRONMENT_UNSET, NULL, NULL, 0, NULL, NULL, NULL, 0,      \
            NULL, NULL, NULL, 0, TRIVET_PINS_ENFORCE, 0, 0, 0, NULL, NULL      \
    }

struct trivet_context;

/*
 * Opens the context of options->file and takes those of the three steps that
 * are missing (installation, device, session). The file is written after each
 * step, so another call continues after an interruption.
 *
 * TRIVET_E_CONFLICT  the file has another API key or environment than the one
 *                    given; nothing was changed (see TRIVET_OPEN_NEW).
 * TRIVET_E_USAGE     also: others can read or write the file.
 */
TRIVET_API TRIVET_MUST_USE enum trivet_status trivet_context_open(
    const struct trivet_context_options *options, struct trivet_context **out,
    struct trivet_error *err);

/* PEM files of a payment service provider (PSD2). */
struct trivet_provider {
    const char *certificate_file;
    const char *chain_file; /* intermediates, the root last. NULL: the
                               certificate is its own root             */
    const char *key_file;   /* RSA, 2048 bits; nobody else may read it  */
};

/*
 * Gets the API key that a server has for the provider's certificate, into
 * options->file: with a key pair and an installation, where they are missing.
 * trivet_context_open then takes the other steps, within an hour. A file that
 * has an API key stays as it is, unless TRIVET_OPEN_NEW is set; it is an error
 * when it is known to be another kind of user's. No API key may be given.
 */
TRIVET_API TRIVET_MUST_USE enum trivet_status trivet_context_register_provider(
    const struct trivet_context_options *options,
    const struct trivet_provider *provider, struct trivet_error *err);

/* Wipes and frees; the session at the server stays open. No thread may be using
 * the context. */
TRIVET_API void trivet_context_close(struct trivet_context *context);

/* Ends the session at the server and removes it from the file. Installation and
 * device stay, for the next login. TRIVET_OK too when there was no session. */
TRIVET_API TRIVET_MUST_USE enum trivet_status trivet_context_logout(
    struct trivet_context *context, struct trivet_error *err);

/* What is in the context, without a call. */
struct trivet_context_info {
    enum trivet_environment environment;
    char base_url[TRIVET_MAX_URL];
    bool has_api_key;
    bool has_installation;
    bool has_device;
    bool has_session;
    int64_t device_id;          /* 0: not known                             */
    int64_t session_expires_us; /* by the local clock: a hint               */
    char user_type[32];         /* such as "UserPerson"; "" when not known  */
    int64_t user_id;
    char user_name[TRIVET_MAX_USER_NAME]; /* UTF-8                          */
    char ca_file[1024]; /* "": the system's CAs                             */
    char proxy[TRIVET_MAX_URL]; /* "": none                                 */
    struct trivet_pin pins[TRIVET_MAX_PINS];
    size_t num_pins;
    enum trivet_pin_mode pin_mode;
};

/* Reads the file again if possible, to report also what other processes did;
 * else what this process knows. */
TRIVET_API void trivet_context_describe(
    struct trivet_context *context, struct trivet_context_info *out);

/* ---- calling ------------------------------------------------------------ */

struct trivet_header {
    const char *name;
    const char *value;
};

enum trivet_call_flags {
    /* Neither open nor renew a session: TRIVET_E_NO_SESSION when there is
     * none, and a 401 is returned as it is. */
    TRIVET_CALL_KEEP_SESSION = 1,
    /* Encrypt the body, also an empty one, to the server's key. The answer is
     * decrypted when it is encrypted, with this flag or without it. */
    TRIVET_CALL_ENCRYPT = 2
};

struct trivet_call {
    const char *method; /* such as "GET"                                    */
    const char *path;   /* below the base URL, with its query: "user",
                           "/user" and "/v1/user" are the same; or a whole
                           URL of the context's own server                  */
    const void *body;   /* sent and signed as it is; may be binary          */
    size_t body_len;
    const struct trivet_header *headers; /* besides trivet's own; of one
                                            name these win, except token and
                                            signature                       */
    size_t num_headers;
    unsigned flags; /* of enum trivet_call_flags                            */
};

struct trivet_answer_error {
    const char *description;
    const char *translated; /* "" when there is none */
    /* A sandbox's explanation of a refused signature; "" when there is
     * none. */
    const char *explanation;
};

/* Owned by the caller: trivet_answer_free. */
struct trivet_answer {
    unsigned status;  /* of HTTP                                            */
    const char *body; /* exactly as received, or as decrypted; a NUL follows */
    size_t body_len;
    const struct trivet_header *headers;
    size_t num_headers;
    const struct trivet_answer_error *errors; /* of a 4xx or 5xx            */
    size_t num_errors;
    bool is_verified;   /* signed by the server's key: always so for a 2xx    */
    bool was_encrypted; /* the body, on the wire                          */
};

/*
 * Makes a call in a session. The session is opened or renewed when needed:
 * before the call when it expires within 30 s, and once more when the server
 * answers 401 or 403 in a session that is older than 30 s. Waits for the rate
 * limit.
 *
 * A call is sent once. It is sent again only when the server certainly did not
 * act: after such a 401 or 403, or a 429. A GET is sent again, once, when a
 * connection that was kept from an earlier call is lost.
 *
 * TRIVET_OK           the server answered; check (*out)->status. A 2xx is
 *                     verified.
 * TRIVET_E_UNTRUSTED  also: a 2xx without a right signature. The server may
 *                     have acted on a call other than GET.
 * TRIVET_E_OUTCOME_UNKNOWN  it was sent, and the connection was lost, the time
 *                     was over or the answer is incomplete. Never for a GET.
 */
TRIVET_API TRIVET_MUST_USE enum trivet_status trivet_call(
    struct trivet_context *context, const struct trivet_call *call,
    struct trivet_answer **out, struct trivet_error *err);

TRIVET_API void trivet_answer_free(struct trivet_answer *answer);

/* The first value of that header, its name in upper or lower case; NULL when
 * there is none. */
TRIVET_API const char *trivet_answer_header(
    const struct trivet_answer *answer, const char *name);

/* ---- other functions ---------------------------------------------------- */

/* Signs bytes with the context's key as a call would. Blocks: no. */
TRIVET_API TRIVET_MUST_USE enum trivet_status trivet_context_sign(
    struct trivet_context *context, const void *data, size_t len,
    char out[TRIVET_SIGNATURE_SIZE], struct trivet_error *err);

/* TRIVET_OK when the server's key made the signature (base64) of these bytes,
 * else TRIVET_E_UNTRUSTED with the cause in err. Blocks: no. */
TRIVET_API TRIVET_MUST_USE enum trivet_status trivet_context_verify(
    struct trivet_context *context, const void *data, size_t len,
    const char *signature, struct trivet_error *err);

/* Makes a user in a sandbox (or a gateway) and writes its API key to out.
 * Uses URL, CA, proxy, pins and times of options, not its file. Wipe out after
 * use. */
TRIVET_API TRIVET_MUST_USE enum trivet_status trivet_sandbox_user(
    const struct trivet_context_options *options, bool is_company,
    char out[TRIVET_API_KEY_SIZE], struct trivet_error *err);

/* Connects, verifies certificate and host name, and returns the pin of the
 * server's key. Pins in options are ignored. */
TRIVET_API TRIVET_MUST_USE enum trivet_status trivet_pin_learn(
    const struct trivet_context_options *options, struct trivet_pin *out,
    struct trivet_error *err);

enum trivet_pins_outcome {
    TRIVET_PINS_NOT_ANNOUNCED = 0, /* nothing was changed                  */
    TRIVET_PINS_UNCHANGED,         /* the context has these pins already   */
    TRIVET_PINS_CHANGED
};

/*
 * Asks a gateway which TLS keys it shows and will show, and puts them in the
 * place of the context's pins. It happens by itself when a session was opened,
 * and in a call once a day, unless pins are given in the options. bunq is not
 * asked: TRIVET_PINS_NOT_ANNOUNCED.
 *
 * TRIVET_E_UNTRUSTED  the announcement is not signed by the installation's
 *                     server key, has expired, is older than one before, has
 *                     no backup pin, or lacks the key that is shown. The pins
 *                     stay as they are, as with all other errors.
 * TRIVET_E_MALFORMED  it is not what it should be.
 * TRIVET_E_USAGE      the context has no pins, or pins were given.
 */
TRIVET_API TRIVET_MUST_USE enum trivet_status trivet_context_follow_pins(
    struct trivet_context *context, enum trivet_pins_outcome *out,
    struct trivet_error *err);

/* Replaces the pins in the context's file. */
TRIVET_API TRIVET_MUST_USE enum trivet_status trivet_context_set_pins(
    struct trivet_context *context, const struct trivet_pin *pins,
    size_t num_pins, enum trivet_pin_mode mode, struct trivet_error *err);

/* Reads a context file of trivet or of one of bunq's SDKs and writes it as
 * trivet does, which all of them read. `to` must not exist. */
TRIVET_API TRIVET_MUST_USE enum trivet_status trivet_context_import(
    const char *from, const char *to, struct trivet_error *err);

/* The same, but with these members of options instead of the file's: URL or
 * environment, CA file, proxy, pins, description, API key. NULL: none. */
TRIVET_API TRIVET_MUST_USE enum trivet_status trivet_context_import_with(
    const char *from, const char *to,
    const struct trivet_context_options *options, struct trivet_error *err);

#ifdef __cplusplus
}
#endif

#endif
