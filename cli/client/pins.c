/* SPDX-License-Identifier: Apache-2.0 */
/* pins.c - trivet pins: which key the server shows, and which it should */
#include <string.h>

#include "cli/client/context.h"
#include "cli/client/options.h"
#include "cli/commands.h"
#include "cli/nearest.h"
#include "cli/operator/pins.h"
#include "cli/output.h"
#include "client/clock.h"
#include "client/pins.h"
#include "client/record.h"

enum {
    OPTION_URL = 0x200,
    OPTION_ENV,
    OPTION_EXPIRES,
    OPTION_NO_SAVE,
    OPTION_DATA
};

struct pins {
    struct cli_client client;
    struct cli_data_options data;
    struct cli_words words;
    const char *expires;
    bool is_not_saved;
};

static const struct argp_option options[] = {
    {"url", OPTION_URL, "URL", 0, "use this server, not the context's", 0},
    {"env", OPTION_ENV, "NAME", 0, "the same, for sandbox or production", 0},
    {"expires", OPTION_EXPIRES, "YYYY-MM-DD", 0,
        "learn: the pin is not valid from that day on", 0},
    {"no-save", OPTION_NO_SAVE, NULL, 0, "learn: only print it", 0},
    {"data", OPTION_DATA, "DIR", 0,
        "export, rotate: of the gateway with this data directory (export: "
        "default as for trivet serve)",
        0},
    {0},
};

enum { LEARN, CHECK, CLEAR, ROTATE, EXPORT };

static const char *const choices[] = {
    "learn", "check", "clear", "rotate", "export", NULL};

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    struct pins *pins = state->input;

    switch (key) {
    case OPTION_URL:
        pins->client.options.base_url = argument;
        break;
    case OPTION_ENV:
        cli_set_environment(&pins->client.options, argument, state);
        break;
    case OPTION_EXPIRES:
        pins->expires = argument;
        break;
    case OPTION_NO_SAVE:
        pins->is_not_saved = true;
        break;
    case OPTION_DATA:
        pins->data.data = argument;
        break;
    case ARGP_KEY_END:
        cli_check_server(&pins->client.options, state);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }

    return 0;
}

static const struct cli_shared_options shared[] = {
    {&cli_client_argp, offsetof(struct pins, client)}, {0}};

/* The key that is shown now. */
static int
look(struct pins *pins, struct trivet_pin *out)
{
    struct trivet_error err;

    if (trivet_pin_learn(&pins->client.options, out, &err) != TRIVET_OK) {
        return cli_fail(&err);
    }

    return CLI_OK;
}

/* Adds pin to set, or changes the expiry of one that is there. False: full. */
static bool
put_pin(struct trivet_pin_set *set, const struct trivet_pin *pin,
    bool has_expiry, bool *out_is_changed)
{
    int64_t now_us = trivet_clock_now_us();

    *out_is_changed = false;
    for (size_t i = 0; i < set->num_pins; i++) {
        struct trivet_pin *known = &set->pins[i];
        bool is_over = known->expires_us != 0 && known->expires_us <= now_us;

        if (memcmp(known->digest, pin->digest, sizeof pin->digest) == 0) {
            *out_is_changed =
                (has_expiry || is_over) && known->expires_us != pin->expires_us;
            if (*out_is_changed) {
                known->expires_us = pin->expires_us;
            }
            return true;
        }
    }

    if (set->num_pins == TRIVET_MAX_PINS) {
        return false;
    }

    set->pins[set->num_pins++] = *pin;
    *out_is_changed = true;
    return true;
}

static int
learn(struct pins *pins, struct trivet_context *context,
    const struct trivet_pin_set *known)
{
    struct trivet_pin_set set = *known;
    struct trivet_pin pin;
    struct trivet_error err;
    char text[TRIVET_PIN_DATED_SIZE];
    bool is_changed;
    int number = look(pins, &pin);

    if (number != CLI_OK) {
        return number;
    }
    if (pins->expires != NULL) {
        char dated[TRIVET_PIN_DATED_SIZE + 32];

        trivet_pin_format(&pin, text);
        (void) snprintf(dated, sizeof dated, "%s@%.20s", text, pins->expires);
        if (trivet_pin_parse(dated, &pin, &err) != TRIVET_OK) {
            return cli_fail(&err);
        }
    }

    trivet_pin_format_dated(&pin, text);
    (void) puts(text);
    if (context == NULL || pins->is_not_saved) {
        return CLI_OK;
    }

    if (!put_pin(&set, &pin, pins->expires != NULL, &is_changed)) {
        return cli_complain(CLI_FAILURE,
            "the context has %d pins: clear them first", (int) TRIVET_MAX_PINS);
    }

    /* A mode that was given is in `known` already, but not in the file. */
    if (!is_changed && (pins->client.options.flags & TRIVET_OPEN_PIN_MODE) == 0)
    {
        return CLI_OK;
    }
    if (trivet_context_set_pins(context, set.pins, set.num_pins, set.mode, &err)
        != TRIVET_OK)
    {
        return cli_fail(&err);
    }

    return CLI_OK;
}

static int
check(struct pins *pins, struct trivet_context *context,
    const struct trivet_pin_set *known)
{
    struct trivet_pin pin;
    char text[TRIVET_PIN_TEXT_SIZE];
    int number = look(pins, &pin);

    (void) context;

    if (number != CLI_OK) {
        return number;
    }

    trivet_pin_format(&pin, text);
    if (trivet_pin_set_has(known, pin.digest, trivet_clock_now_us())) {
        cli_print("%s is pinned\n", text);
        return CLI_OK;
    }

    cli_print("%s is not pinned (%zu pins, %zu of them valid)\n", text,
        known->num_pins,
        trivet_pin_set_count_valid(known, trivet_clock_now_us()));
    return CLI_UNTRUSTED;
}

static int
clear(struct pins *pins, struct trivet_context *context,
    const struct trivet_pin_set *known)
{
    struct trivet_error err;

    (void) pins;
    (void) known;

    if (context == NULL) {
        return cli_complain(CLI_USAGE, "no context to clear");
    }
    if (trivet_context_set_pins(context, NULL, 0, TRIVET_PINS_ENFORCE, &err)
        != TRIVET_OK)
    {
        return cli_fail(&err);
    }

    return CLI_OK;
}

static int
rotate(struct pins *pins, struct trivet_context *context,
    const struct trivet_pin_set *known)
{
    enum trivet_pins_outcome outcome;
    struct trivet_error err;

    (void) known;

    if (context == NULL) {
        return cli_complain(
            CLI_USAGE, "rotate: of a context, or with --data of a gateway");
    }
    if (trivet_context_follow_pins(context, &outcome, &err) != TRIVET_OK) {
        return cli_fail(&err);
    }

    if (outcome == TRIVET_PINS_NOT_ANNOUNCED && !pins->client.is_quiet) {
        cli_tell("the server announces no pins: they stay as they are\n");
    }
    cli_client_print_pins(context);

    return CLI_OK;
}

/* What the context says is used where no option says otherwise. */
static void
use_context(struct pins *pins, const struct trivet_context_info *info,
    struct trivet_pin_set *out)
{
    struct trivet_context_options *given = &pins->client.options;

    given->base_url = info->base_url;
    (void) !trivet_pin_set_make(
        info->pins, info->num_pins, info->pin_mode, out, NULL);
    if (given->ca_file == NULL && info->ca_file[0] != '\0') {
        given->ca_file = info->ca_file;
    }
    if (given->proxy == NULL && info->proxy[0] != '\0') {
        given->proxy = info->proxy;
    }
}

static int
run(void *input)
{
    /* In the order of choices. */
    static int (*const actions[])(struct pins *, struct trivet_context *,
        const struct trivet_pin_set *) = {learn, check, clear, rotate};
    struct pins *pins = input;
    struct trivet_context_options *given = &pins->client.options;
    struct trivet_context_info info = {.base_url = ""};
    struct trivet_context *context = NULL;
    struct trivet_pin_set set;
    int number = CLI_OK;

    if (pins->words.choice == EXPORT) {
        return cli_gateway_pins_export(&pins->data);
    }
    if (pins->words.choice == ROTATE && pins->data.data != NULL) {
        return cli_gateway_pins_rotate(&pins->data);
    }

    if (trivet_pin_set_make(
            pins->client.pins, given->num_pins, given->pin_mode, &set, NULL)
        != TRIVET_OK)
    {
        return CLI_USAGE;
    }

    if (given->base_url == NULL
        && given->environment == TRIVET_ENVIRONMENT_UNSET) {
        number = cli_client_open(&pins->client, TRIVET_OPEN_OFFLINE, &context);
    }
    if (number != CLI_OK) {
        return number;
    }

    if (context != NULL) {
        trivet_context_describe(context, &info);
        use_context(pins, &info, &set);
    }

    number = actions[pins->words.choice](pins, context, &set);
    trivet_context_close(context);
    return number;
}

const struct cli_command cli_pins_command = {
    .name = "pins",
    .summary = "pin the server's TLS key: learn, check, rotate",
    .doc = "learn: add the key that the server shows now to the context's "
           "pins (after its certificate was verified as always). check: "
           "compare it with them. clear: forget them. rotate: put the keys "
           "that a gateway announces in their place. For a gateway of one's "
           "own: export prints the pins of its served and its next key; "
           "rotate --data DIR has it serve the next key."
           "\vExit status: check gives 6 when the key is not pinned.",
    .arguments = {"learn|check|clear|rotate|export", 1, 1,
        offsetof(struct pins, words), choices},
    .options = options,
    .shared = shared,
    .parse = parse,
    .input_size = sizeof(struct pins),
    .run = run,
};
