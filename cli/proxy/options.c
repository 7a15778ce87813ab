/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - what "trivet proxy" was asked for */
#include "cli/proxy/options.h"

#include <string.h>

#include "cli/quantity.h"
#include "cli/span.h"
#include "sidecar/allow.h"

enum {
    OPTION_LISTEN = 0x300,
    OPTION_MONITOR,
    OPTION_DATA,
    OPTION_TIMEOUT,
    OPTION_ALLOW,
    OPTION_READ_ONLY,
    OPTION_TOKEN_FILE,
    OPTION_MAX_WAIT,
    OPTION_LIMITS,
    OPTION_CALLER_HEADER,
    OPTION_ENCRYPT,
    OPTION_RECORD,
    OPTION_REPLAY,
    OPTION_RECEIPTS,
    OPTION_RECEIPTS_FULL,
    OPTION_RECEIPTS_ROTATE,
    OPTION_PRINT_CONFIG
};

enum {
    DEFAULT_TIMEOUT_S = 30,
    DEFAULT_MAX_WAIT_S = 60,
    MAX_SPAN_S = 86400,
    DEFAULT_ROTATE = 64 * 1024 * 1024
};

const struct cli_proxy_options cli_proxy_defaults = {
    .listen = "127.0.0.1:8480",
    .limits = "classic",
    .timeout_s = DEFAULT_TIMEOUT_S,
    .max_wait_s = DEFAULT_MAX_WAIT_S,
    .receipts_rotate = DEFAULT_ROTATE,
};

const struct argp_option cli_proxy_options_table[] = {
    {"context", 'c', "NAME", 0,
        "the context: a name, or a file when it has a /", 0},
    {"listen", OPTION_LISTEN, "ADDR:PORT|unix:PATH", 0,
        "where callers on this machine connect to (default: 127.0.0.1:8480; "
        "port 0: any that is free)",
        0},
    {"monitor", OPTION_MONITOR, "ADDR:PORT|unix:PATH", 0,
        "give /live, /ready and /metrics there (default: nowhere)", 0},
    {"allow", OPTION_ALLOW, "METHOD:PATTERN", 0,
        "allow only such calls: \"GET:/v1/user/*\", and \"**\" at the end for "
        "all below; may be repeated",
        0},
    {"read-only", OPTION_READ_ONLY, NULL, 0, "the same as --allow GET:/v1/**",
        0},
    {"auth-token-file", OPTION_TOKEN_FILE, "FILE", 0,
        "callers have to send \"Authorization: Bearer\" with the token in FILE "
        "(mode 0600)",
        0},
    {"data", OPTION_DATA, "DIR", 0,
        "where nginx's configuration and logs are (default: beside the "
        "context's file, NAME.json.proxy)",
        0},
    {"timeout", OPTION_TIMEOUT, "TIME", 0,
        "maximum for one exchange, such as 90s or 2m (30s)", 0},
    {"max-wait", OPTION_MAX_WAIT, "TIME", 0,
        "maximum wait for a rate limit (1m); 0: do not wait", 0},
    {"limits", OPTION_LIMITS, "classic|2026|off", 0,
        "the server's rate limits, which all callers share (classic); off: do "
        "not count calls here",
        0},
    {"caller-header", OPTION_CALLER_HEADER, NULL, 0,
        "callers may name themselves: Trivet-Caller", 0},
    {"encrypt", OPTION_ENCRYPT, NULL, 0,
        "encrypt the body of each call to the server's key", 0},
    {"receipts", OPTION_RECEIPTS, "DIR", 0,
        "keep a receipt of each call there: what was signed, both signatures",
        0},
    {"receipts-full", OPTION_RECEIPTS_FULL, NULL, 0,
        "keep the bodies, too, in the receipts", 0},
    {"receipts-rotate", OPTION_RECEIPTS_ROTATE, "SIZE", 0,
        "begin another file of receipts behind that many bytes (64m)", 0},
    {"record", OPTION_RECORD, "DIR", 0,
        "write each request and its answer there, without secrets", 0},
    {"replay", OPTION_REPLAY, "DIR", 0,
        "call nobody: give the answers that were recorded there", 0},
    {"print-config", OPTION_PRINT_CONFIG, NULL, 0,
        "do not start: print nginx's configuration", 0},
    {0},
};

static void
add_rule(struct cli_proxy_options *options, const char *rule,
    struct argp_state *state)
{
    if (!trivet_allow_is_rule(trivet_slice_text(rule))) {
        argp_error(state,
            "--allow %.100s: not a method and a pattern such as "
            "\"GET:/v1/user/*\" or \"POST:/v1/user/*/monetary-account/**\"",
            rule);
    } else if (options->num_rules == CLI_MAX_PROXY_RULES) {
        argp_error(state, "--allow: %d times at most", CLI_MAX_PROXY_RULES);
    } else {
        options->rules[options->num_rules++] = rule;
    }
}

static void
set_limits(struct cli_proxy_options *options, const char *word,
    struct argp_state *state)
{
    if (strcmp(word, "classic") != 0 && strcmp(word, "2026") != 0
        && strcmp(word, "off") != 0)
    {
        argp_error(state, "--limits is classic, 2026 or off");
    }

    options->limits = word;
}

static void
set_rotate(struct cli_proxy_options *options, const char *text,
    struct argp_state *state)
{
    if (!cli_quantity_size(text, &options->receipts_rotate)
        || options->receipts_rotate < 1)
    {
        argp_error(state, "--receipts-rotate is a size such as 64m");
    }
}

/* Options that make sense together. */
static void
check_together(struct cli_proxy_options *options, struct argp_state *state)
{
    if (options->keeps_bodies && options->receipts == NULL) {
        argp_error(state, "--receipts-full needs --receipts");
    }
    if (options->replay == NULL) {
        return;
    }
    if (options->context != NULL || options->record != NULL
        || options->receipts != NULL)
    {
        argp_error(state,
            "--replay calls nobody: no --context, --record or --receipts");
    }

    options->limits = "off";
}

/* Those about files. */
static error_t
parse_file(struct cli_proxy_options *options, int key, char *arg,
    struct argp_state *state)
{
    switch (key) {
    case OPTION_TOKEN_FILE:
        options->token_file = arg;
        return 0;
    case OPTION_DATA:
        options->data = arg;
        return 0;
    case OPTION_RECEIPTS:
        options->receipts = arg;
        return 0;
    case OPTION_RECEIPTS_FULL:
        options->keeps_bodies = true;
        return 0;
    case OPTION_RECEIPTS_ROTATE:
        set_rotate(options, arg, state);
        return 0;
    case OPTION_RECORD:
        options->record = arg;
        return 0;
    case OPTION_REPLAY:
        options->replay = arg;
        return 0;
    case ARGP_KEY_END:
        check_together(options, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

error_t
cli_proxy_parse(int key, char *arg, struct argp_state *state)
{
    struct cli_proxy_options *options = state->input;

    switch (key) {
    case 'c':
        options->context = arg;
        return 0;
    case OPTION_LISTEN:
        options->listen = arg;
        return 0;
    case OPTION_MONITOR:
        options->monitor = arg;
        return 0;
    case OPTION_ALLOW:
        add_rule(options, arg, state);
        return 0;
    case OPTION_READ_ONLY:
        add_rule(options, "GET:/v1/**", state);
        return 0;
    case OPTION_TIMEOUT:
        options->timeout_s =
            cli_span_read(arg, 1, MAX_SPAN_S, "--timeout", state);
        return 0;
    case OPTION_MAX_WAIT:
        options->max_wait_s =
            cli_span_read(arg, 0, MAX_SPAN_S, "--max-wait", state);
        return 0;
    case OPTION_LIMITS:
        set_limits(options, arg, state);
        return 0;
    case OPTION_CALLER_HEADER:
        options->takes_names = true;
        return 0;
    case OPTION_ENCRYPT:
        options->encrypts = true;
        return 0;
    case OPTION_PRINT_CONFIG:
        options->prints_config = true;
        return 0;
    default:
        return parse_file(options, key, arg, state);
    }
}
