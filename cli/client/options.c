/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - the options that all commands on a context have */
#include "cli/client/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client/progress.h"
#include "cli/span.h"

enum {
    OPTION_CA = 0x100,
    OPTION_PROXY,
    OPTION_PIN,
    OPTION_PIN_MODE,
    OPTION_TIMEOUT,
    OPTION_MAX_WAIT,
    OPTION_NO_THROTTLE
};

static const struct argp_option options[] = {
    {"context", 'c', "NAME", 0,
        "the context: a name, or a file when it has a /", 10},
    {"ca", OPTION_CA, "FILE", 0, "trust only the CA certificates in FILE", 10},
    {"proxy", OPTION_PROXY, "URL", 0, "use this proxy", 10},
    {"pin", OPTION_PIN, "PIN", 0,
        "pin the server's key: sha256/BASE64[@YYYY-MM-DD]; may be repeated",
        10},
    {"pin-mode", OPTION_PIN_MODE, "MODE", 0, "enforce (the default) or report",
        10},
    {"timeout", OPTION_TIMEOUT, "TIME", 0,
        "maximum for one exchange, such as 90s or 2m (30s)", 10},
    {"max-wait", OPTION_MAX_WAIT, "TIME", 0,
        "maximum wait for a rate limit (1m); 0: do not wait", 10},
    {"no-throttle", OPTION_NO_THROTTLE, NULL, 0,
        "do not count calls here; the server does", 10},
    {"verbose", 'v', NULL, 0, "print the exchange, without secrets", 10},
    {"quiet", 'q', NULL, 0, "print errors only", 10},
    {0},
};

static void
add_pin(struct cli_client *client, const char *text, struct argp_state *state)
{
    struct trivet_error err;

    if (client->options.num_pins == TRIVET_MAX_PINS) {
        argp_error(state, "more than %d pins", (int) TRIVET_MAX_PINS);
    } else if (trivet_pin_parse(
                   text, &client->pins[client->options.num_pins], &err)
               != TRIVET_OK)
    {
        argp_error(state, "%s", err.detail);
    } else {
        client->options.pins = client->pins;
        client->options.num_pins++;
    }
}

static void
set_pin_mode(struct trivet_context_options *to, const char *name,
    struct argp_state *state)
{
    to->flags |= TRIVET_OPEN_PIN_MODE;
    if (strcmp(name, "enforce") == 0) {
        to->pin_mode = TRIVET_PINS_ENFORCE;
    } else if (strcmp(name, "report") == 0) {
        to->pin_mode = TRIVET_PINS_REPORT;
    } else {
        argp_error(state, "--pin-mode is enforce or report");
    }
}

long long
cli_read_number(const char *text, long long min, long long max,
    const char *option, struct argp_state *state)
{
    char *end;
    long long number;

    errno = 0;
    number = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || number < min
        || number > max) {
        argp_error(state, "%s needs a number from %lld to %lld, not %s", option,
            min, max, text);
    }

    return number;
}

void
cli_set_environment(struct trivet_context_options *to, const char *name,
    struct argp_state *state)
{
    if (strcmp(name, "sandbox") == 0) {
        to->environment = TRIVET_ENVIRONMENT_SANDBOX;
    } else if (strcmp(name, "production") == 0) {
        to->environment = TRIVET_ENVIRONMENT_PRODUCTION;
    } else {
        argp_error(state, "--env is sandbox or production");
    }
}

void
cli_check_server(
    const struct trivet_context_options *given, struct argp_state *state)
{
    if (given->base_url != NULL
        && given->environment != TRIVET_ENVIRONMENT_UNSET) {
        argp_error(state, "--env and --url exclude each other");
    }
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    struct cli_client *client = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        client->options =
            (struct trivet_context_options) TRIVET_CONTEXT_OPTIONS_INIT;
        client->options.on_event = cli_progress_show;
        client->options.event_arg = client;
        break;
    case 'c':
        client->context = argument;
        break;
    case OPTION_CA:
        client->options.ca_file = argument;
        break;
    case OPTION_PROXY:
        client->options.proxy = argument;
        break;
    case OPTION_PIN:
        add_pin(client, argument, state);
        break;
    case OPTION_PIN_MODE:
        set_pin_mode(&client->options, argument, state);
        break;
    case OPTION_TIMEOUT:
        client->options.timeout_s =
            (int) cli_span_read(argument, 1, 86400, "--timeout", state);
        break;
    case OPTION_MAX_WAIT:
        client->options.max_wait_s =
            (int) cli_span_read(argument, 0, 86400, "--max-wait", state);
        if (client->options.max_wait_s == 0) {
            client->options.max_wait_s = -1;
        }
        break;
    case OPTION_NO_THROTTLE:
        client->options.flags |= TRIVET_OPEN_UNTHROTTLED;
        break;
    case 'v':
        client->is_verbose = true;
        break;
    case 'q':
        client->is_quiet = true;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }

    return 0;
}

const struct argp cli_client_argp = {.options = options, .parser = parse};
