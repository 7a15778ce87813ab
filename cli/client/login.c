/* SPDX-License-Identifier: Apache-2.0 */
/* login.c - trivet login: from an API key to a session */
#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/client/ask_key.h"
#include "cli/client/context.h"
#include "cli/client/options.h"
#include "cli/commands.h"
#include "cli/moment.h"
#include "cli/output.h"
#include "cli/provider_files.h"
#include "cli/text.h"
#include "client/clock.h"
#include "core/pin.h"

enum {
    OPTION_ENV = 0x200,
    OPTION_URL,
    OPTION_API_KEY_FILE,
    OPTION_API_KEY_COMMAND,
    OPTION_DESCRIPTION,
    OPTION_PERMITTED_IP,
    OPTION_SANDBOX_USER,
    OPTION_PSP,
    OPTION_NEW,
    OPTION_PIN_FIRST,
    OPTION_PIN_EXPIRES,
    MAX_IPS = 64
};

/* Where systemd puts what LoadCredential=trivet-api-key names. */
static const char credential_name[] = "trivet-api-key";

struct login {
    struct cli_client client;
    const char *permitted_ips[MAX_IPS];
    bool makes_user;
    bool is_company;
    const char *key_command; /* NULL: none */
    const char *psp;         /* a folder; NULL: no provider */
    const char *pin_expires; /* YYYY-MM-DD; NULL: never */
    char credential[CLI_MAX_CONTEXT_PATH];
    char api_key[TRIVET_API_KEY_SIZE];
};

static const struct argp_option options[] = {
    {"env", OPTION_ENV, "NAME", 0, "sandbox (the default) or production", 0},
    {"url", OPTION_URL, "URL", 0, "a gateway instead: https://HOST[:PORT]/v1",
        0},
    {"api-key-file", OPTION_API_KEY_FILE, "FILE", 0,
        "read the API key from FILE; - is standard input", 0},
    {"api-key-command", OPTION_API_KEY_COMMAND, "COMMAND", 0,
        "take the API key that this command of sh prints", 0},
    {"description", OPTION_DESCRIPTION, "TEXT", 0, "a name for this device", 0},
    {"permitted-ip", OPTION_PERMITTED_IP, "IP", 0,
        "an address that may use the API key, or *; may be repeated", 0},
    {"new-sandbox-user", OPTION_SANDBOX_USER, "KIND", OPTION_ARG_OPTIONAL,
        "make a user first: person (the default) or company", 0},
    {"psp", OPTION_PSP, "FOLDER", 0,
        "as a payment service provider: by certificate.pem, chain.pem and "
        "key.pem in FOLDER",
        0},
    {"pin-on-first-use", OPTION_PIN_FIRST, NULL, 0,
        "when the context has no pins: pin the key that the server shows now, "
        "beside those of --pin",
        0},
    {"pin-expires", OPTION_PIN_EXPIRES, "YYYY-MM-DD", 0,
        "from then on pins of this login that have no date are not valid", 0},
    {"new", OPTION_NEW, NULL, 0,
        "ignore the steps in the context and begin again", 0},
    {0},
};

static void
add_ip(struct login *login, const char *ip, struct argp_state *state)
{
    struct trivet_context_options *to = &login->client.options;

    if (to->num_permitted_ips == MAX_IPS) {
        argp_error(state, "more than %d addresses", (int) MAX_IPS);
        return;
    }

    login->permitted_ips[to->num_permitted_ips++] = ip;
    to->permitted_ips = login->permitted_ips;
}

static void
set_user_kind(struct login *login, const char *kind, struct argp_state *state)
{
    login->makes_user = true;
    login->is_company = strcmp(kind, "company") == 0;
    if (!login->is_company && strcmp(kind, "person") != 0) {
        argp_error(state, "--new-sandbox-user is person or company");
    }
}

/* A date as pins have it. */
static bool
read_date(const char *date, int64_t *out_us)
{
    char text[TRIVET_PIN_DATED_SIZE];
    struct trivet_pin pin = {{0}, 0};

    trivet_pin_format(&pin, text);
    if (strlen(date) != 10) {
        return false;
    }
    (void) snprintf(text + strlen(text), 12, "@%.10s", date);
    if (trivet_pin_parse(text, &pin, NULL) != TRIVET_OK) {
        return false;
    }

    *out_us = pin.expires_us;
    return true;
}

static int
count_sources(const struct login *login)
{
    const struct trivet_context_options *from = &login->client.options;

    return (login->key_command != NULL)
           + (from->api_key_file != NULL || from->api_key_fd >= 0)
           + login->makes_user + (login->psp != NULL);
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    struct login *login = state->input;
    struct trivet_context_options *to = &login->client.options;
    int64_t expires_us;

    switch (key) {
    case OPTION_ENV:
        cli_set_environment(to, argument, state);
        break;
    case OPTION_URL:
        to->base_url = argument;
        break;
    case OPTION_API_KEY_FILE:
        if (strcmp(argument, "-") == 0) {
            to->api_key_fd = STDIN_FILENO;
        } else {
            to->api_key_file = argument;
        }
        break;
    case OPTION_API_KEY_COMMAND:
        login->key_command = argument;
        break;
    case OPTION_DESCRIPTION:
        to->description = argument;
        break;
    case OPTION_PERMITTED_IP:
        add_ip(login, argument, state);
        break;
    case OPTION_SANDBOX_USER:
        set_user_kind(login, argument == NULL ? "person" : argument, state);
        break;
    case OPTION_PSP:
        login->psp = argument;
        break;
    case OPTION_PIN_FIRST:
        to->flags |= TRIVET_OPEN_PIN_ON_FIRST_USE;
        break;
    case OPTION_PIN_EXPIRES:
        login->pin_expires = argument;
        if (!read_date(argument, &expires_us)) {
            argp_error(state, "--pin-expires wants a date: YYYY-MM-DD");
        }
        break;
    case OPTION_NEW:
        to->flags |= TRIVET_OPEN_NEW;
        break;
    case ARGP_KEY_END:
        cli_check_server(to, state);
        if (count_sources(login) > 1) {
            argp_error(state, "one source of the API key is enough");
        }
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }

    return 0;
}

static const struct cli_shared_options shared[] = {
    {&cli_client_argp, offsetof(struct login, client)}, {0}};

static void
use_api_key(struct login *login, const char *text)
{
    login->client.options.api_key = text;
    login->client.options.api_key_len = strlen(text);
}

/* Whether the environment has it: then nothing has to be typed. */
static bool
find_api_key(struct login *login)
{
    struct trivet_context_options *to = &login->client.options;
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    const char *file = getenv("TRIVET_API_KEY_FILE");
    const char *text = getenv("TRIVET_API_KEY");

    if (file != NULL && file[0] != '\0') {
        to->api_key_file = file;
        return true;
    }
    if (text != NULL && text[0] != '\0') {
        use_api_key(login, text);
        return true;
    }
    if (folder != NULL
        && snprintf(login->credential, sizeof login->credential, "%s/%s",
               folder, credential_name)
               < (int) sizeof login->credential
        && access(login->credential, R_OK) == 0)
    {
        to->api_key_file = login->credential;
        return true;
    }

    return false;
}

/* What is in the context already. A file that cannot be read is the login's to
 * complain of. */
static bool
has_kept_key(const struct login *login)
{
    struct trivet_context_options kept = TRIVET_CONTEXT_OPTIONS_INIT;
    struct trivet_context_info info;
    struct trivet_context *context;

    kept.file = login->client.options.file;
    kept.flags = TRIVET_OPEN_OFFLINE;
    if (trivet_context_open(&kept, &context, NULL) != TRIVET_OK) {
        return access(kept.file, F_OK) == 0;
    }

    trivet_context_describe(context, &info);
    trivet_context_close(context);

    return info.has_api_key;
}

/* The API key, from where it was said, or found, or asked for. */
static int
get_api_key(struct login *login)
{
    struct trivet_context_options *to = &login->client.options;
    bool is_typed = to->api_key_fd == STDIN_FILENO && isatty(STDIN_FILENO) != 0;
    int number = CLI_OK;

    if (login->key_command != NULL) {
        number = cli_key_from_command(login->key_command, login->api_key);
    } else if (!is_typed
               && (to->api_key_file != NULL || to->api_key_fd >= 0
                   || find_api_key(login) || isatty(STDIN_FILENO) == 0
                   || has_kept_key(login)))
    {
        return CLI_OK;
    } else {
        number = cli_key_from_terminal(login->api_key);
        if (number == CLI_NOT_FOUND) {
            return CLI_OK; /* the login says what is missing */
        }
        to->api_key_fd = -1;
    }

    if (number == CLI_OK) {
        use_api_key(login, login->api_key);
    }
    return number;
}

static int
make_user(struct login *login)
{
    struct trivet_context_options *to = &login->client.options;
    struct trivet_error err;

    if (to->environment == TRIVET_ENVIRONMENT_PRODUCTION) {
        return cli_complain(CLI_USAGE, "users can be made only in a sandbox");
    }
    if (!login->client.is_quiet) {
        (void) fputs("sandbox-user: making a user\n", stderr);
    }
    if (trivet_sandbox_user(to, login->is_company, login->api_key, &err)
        != TRIVET_OK)
    {
        return cli_fail(&err);
    }

    use_api_key(login, login->api_key);
    return CLI_OK;
}

/* The API key is in the context then. */
static int
register_provider(struct login *login)
{
    static const char *const names[] = {
        CLI_PROVIDER_CERTIFICATE, CLI_PROVIDER_CHAIN, CLI_PROVIDER_KEY};
    char paths[3][CLI_MAX_CONTEXT_PATH];
    const struct trivet_provider provider = {paths[0], paths[1], paths[2]};
    struct trivet_error err;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (snprintf(paths[i], sizeof paths[i], "%s/%s", login->psp, names[i])
            >= (int) sizeof paths[i])
        {
            return cli_complain(CLI_USAGE, "--psp: the path is too long");
        }
    }

    if (trivet_context_register_provider(
            &login->client.options, &provider, &err)
        != TRIVET_OK)
    {
        return cli_fail(&err);
    }

    login->client.options.flags &= ~(unsigned) TRIVET_OPEN_NEW; /* it is */
    return CLI_OK;
}

/* Where the API key is from. */
static int
provide_key(struct login *login)
{
    if (login->psp != NULL) {
        return register_provider(login);
    }

    return login->makes_user ? make_user(login) : get_api_key(login);
}

static void
print_who(const struct trivet_context_info *info)
{
    char until[CLI_MOMENT_SIZE];
    char span[CLI_DISTANCE_SIZE];

    cli_format_moment(info->session_expires_us, until);
    cli_format_distance(info->session_expires_us - trivet_clock_now_us(), span);
    cli_print("logged in at %s\n", info->base_url);
    (void) fputs("as ", stdout);
    cli_put_text(stdout, cli_text_or(info->user_name, "(no name)"));
    cli_print(" (%s %lld), device %lld\n", info->user_type,
        (long long) info->user_id, (long long) info->device_id);
    cli_print("session until %s (%s)\n", until, span);
}

/* The first context that somebody logs in to is the current one. */
static void
make_current(const struct cli_client *client)
{
    char current[CLI_MAX_CONTEXT_NAME];
    char path[CLI_MAX_CONTEXT_PATH];

    cli_context_current(current);
    if (client->context != NULL && strchr(client->context, '/') == NULL
        && cli_context_path(current, false, path, NULL) == TRIVET_OK
        && trivet_file_is_missing(path))
    {
        (void) !cli_context_use(client->context, NULL);
    }
}

/* --pin-expires: a set that the gateway announces has dates of its own. */
static int
set_expiry(const struct login *login, struct trivet_context *context)
{
    struct trivet_context_info info;
    struct trivet_error err;
    int64_t expires_us;

    if (login->pin_expires == NULL) {
        return CLI_OK;
    }
    if (!read_date(login->pin_expires, &expires_us)) {
        return CLI_USAGE; /* it was checked before the login */
    }

    trivet_context_describe(context, &info);
    for (size_t i = 0; i < info.num_pins; i++) {
        if (info.pins[i].expires_us == 0) {
            info.pins[i].expires_us = expires_us;
        }
    }

    return trivet_context_set_pins(
               context, info.pins, info.num_pins, info.pin_mode, &err)
                   == TRIVET_OK
               ? CLI_OK
               : cli_fail(&err);
}

static void
show_pins(const struct login *login, struct trivet_context *context)
{
    cli_print("pinned:\n");
    if (cli_client_print_pins(context) < 2 && !login->client.is_quiet) {
        cli_tell("trivet: no backup pin: when the server changes its key, "
                 "every connection is refused until it is pinned anew (trivet "
                 "pins learn)\n");
    }
}

static int
log_in(struct login *login)
{
    struct trivet_context_info info;
    struct trivet_context *context;
    struct trivet_error err;
    int number = cli_client_locate(&login->client, true);

    if (number != CLI_OK) {
        return number;
    }

    number = provide_key(login);
    if (number != CLI_OK) {
        return number;
    }

    if (trivet_context_open(&login->client.options, &context, &err)
        != TRIVET_OK) {
        return cli_fail(&err);
    }

    number = set_expiry(login, context);
    trivet_context_describe(context, &info);
    make_current(&login->client);
    print_who(&info);
    if ((login->client.options.flags & TRIVET_OPEN_PIN_ON_FIRST_USE) != 0) {
        show_pins(login, context);
    }
    trivet_context_close(context);

    return number;
}

static int
run(void *input)
{
    struct login *login = input;

    login->client.tells_steps = true;

    return log_in(login);
}

const struct cli_command cli_login_command = {
    .name = "login",
    .summary = "open a context: installation, device, session",
    .doc = "Open a context: a key pair, an installation, a registered device "
           "and a session, whatever of them is missing."
           "\vThe API key is taken from --api-key-file or --api-key-command, "
           "else from $TRIVET_API_KEY_FILE, $TRIVET_API_KEY, systemd's "
           "credential trivet-api-key, or the context itself; else it is asked "
           "for on the terminal, which does not show it.",
    .options = options,
    .shared = shared,
    .parse = parse,
    .input_size = sizeof(struct login),
    .run = run,
};
