/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h - what a context file remembers
 *
 * The file is the one that bunq's official SDKs read and write (their
 * spellings, local times without a zone), with an object "trivet" for what
 * they do not know, whose times are UTC:
 *
 *   {"environment_type":"SANDBOX", "api_key":"...",
 *    "installation_context":{"token", "private_key_client",
 *                            "public_key_client", "public_key_server"},
 *    "session_context":{"token", "expiry_time", "user_id",
 *                       "user_person":{"id", ...}, "userPerson":{"id", ...}},
 *    "proxy":"...", "proxy_url":"...",
 *    "trivet":{"version":1, "base_url", "device_id", "description",
 *              "session_expires", "ca_file", "pins":[...], "pin_mode",
 *              "pins_issued", "pins_asked", "signing":"full"}}
 *
 * What does not exist yet is left out. Each object is a file of its own:
 * record_installation.h, record_session.h, record_own.h.
 * Blocks: no. Threads: one per record.
 */
#ifndef TRIVET_CLIENT_RECORD_H
#define TRIVET_CLIENT_RECORD_H

#include "base/secret.h"
#include "client/pins.h"
#include "core/canonical.h"
#include "core/limits.h"
#include "base/buffer.h"
#include "core/message/user.h"
#include "trivet/client.h"

enum {
    TRIVET_MAX_PRIVATE_KEY_PEM = 4096, /* bytes, with the NUL */
    TRIVET_MAX_PATH = 1024,            /* bytes, with the NUL */
    TRIVET_MAX_RECORD = 64 * 1024      /* bytes of the file   */
};

struct trivet_record {
    enum trivet_environment environment;
    char base_url[TRIVET_MAX_URL]; /* without a last slash            */
    char proxy[TRIVET_MAX_URL];    /* "" for none                     */
    char ca_file[TRIVET_MAX_PATH]; /* "" for the system's             */
    struct trivet_pin_set pins;
    int64_t
        pins_issued_us;    /* of the announcement that they are from; 0: none */
    int64_t pins_asked_us; /* when one was asked for; 0: never             */
    struct trivet_secret api_key; /* NUL-terminated, like all secrets here */

    char private_key[TRIVET_MAX_PRIVATE_KEY_PEM]; /* "" for none yet  */
    struct trivet_secret installation_token;
    char server_key[TRIVET_MAX_PUBLIC_KEY_TEXT];
    enum trivet_scheme scheme; /* of signatures, both ways */

    bool has_device;
    int64_t device_id; /* 0: an SDK registered it */
    char description[TRIVET_MAX_NAME];

    struct trivet_secret session_token;
    int64_t session_expires_us;
    struct trivet_holder holder;
};

/* A record is too big for a stack. Zeroed; NULL when memory ran out. */
struct trivet_record *trivet_record_new(void);
void trivet_record_free(struct trivet_record *record); /* wipes */

/* Forgets installation, device and session. */
void trivet_record_reset(struct trivet_record *record);
void trivet_record_drop_session(struct trivet_record *record);

/*
 * Reads a file of trivet or of an SDK. Keys are put into their strict form.
 *
 * TRIVET_E_MALFORMED  it is not such a file: err names the field.
 */
TRIVET_MUST_USE enum trivet_status trivet_record_parse(struct trivet_slice text,
    struct trivet_record *out, struct trivet_error *err);

/* Whether the two halves of the client's key in the file are a pair.
 * trivet_record_parse checks it for files of SDKs; for trivet's own, where it
 * costs much, only an import does. TRIVET_E_MALFORMED: they are not. */
TRIVET_MUST_USE enum trivet_status trivet_record_check_pair(
    struct trivet_slice text, const struct trivet_record *record,
    struct trivet_error *err);

/* The text of a context file. Owned: free it. */
TRIVET_MUST_USE enum trivet_status trivet_record_format(
    const struct trivet_record *record, struct trivet_buffer *out,
    struct trivet_error *err);

#endif
