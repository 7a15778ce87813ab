/* SPDX-License-Identifier: Apache-2.0 */
/* incident.c - trivet incident: failures on purpose, in the sandbox */
#include <string.h>

#include "cli/commands.h"
#include "cli/open_store.h"
#include "cli/operation.h"
#include "cli/output.h"
#include "cli/sandbox_state.h"
#include "cli/span.h"
#include "cli/table.h"
#include "core/json_tree.h"
#include "store/store.h"

enum { OPTION_JSON = 0x200, OPTION_SECONDS };

struct options {
    struct cli_data_options data;
    bool as_json;
    long long seconds;      /* 0: not given */
    struct cli_words words; /* incident, on or off */
};

static const struct argp_option options_table[] = {
    {"seconds", OPTION_SECONDS, "TIME", 0,
        "with \"slow on\": the delay of each answer, 1s to 5m (default: 5s)",
        0},
    {"json", OPTION_JSON, NULL, 0, "JSON, for programs", 0},
    {0},
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case OPTION_JSON:
        options->as_json = true;
        return 0;
    case OPTION_SECONDS:
        options->seconds =
            cli_span_read(arg, 1, TRIVET_MAX_SLOW_S, "--seconds", state);
        return 0;
    case ARGP_KEY_END:
        if (options->words.num == 1) {
            argp_error(state, "%s: on or off?", options->words.at[0]);
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the list ---------------------------------------------------------- */

static const struct cli_column columns[] = {
    {"incident", "INCIDENT", CLI_CELL_VALUE},
    {"state", "STATE", CLI_CELL_VALUE},
    {"meaning", "MEANING", CLI_CELL_VALUE},
    {"seconds", NULL, CLI_CELL_VALUE},
};

/* What is given to incident.set. */
static json_t *
describe(const struct options *options)
{
    json_t *given =
        json_pack("{s:o, s:o}", "incident", cli_json_text(options->words.at[0]),
            "state", cli_json_text(options->words.at[1]));

    if (options->seconds != 0) {
        trivet_json_put(&given, "seconds", json_integer(options->seconds));
    }

    return given;
}

static enum trivet_status
check_words(const struct options *options, struct trivet_error *err)
{
    const char *name = options->words.at[0];
    const char *state = options->words.at[1];
    enum trivet_incident incident;

    if (strcmp(name, "all") != 0
        && !trivet_incident_find(trivet_slice_text(name), &incident))
    {
        return trivet_error_set(err, TRIVET_E_USAGE, "incident",
            "%s: no such incident; \"trivet incident\" lists them", name);
    }
    if (strcmp(state, "on") != 0 && strcmp(state, "off") != 0) {
        return trivet_error_set(
            err, TRIVET_E_USAGE, "incident", "%s: on or off?", state);
    }

    return TRIVET_OK;
}

static void
tell(const struct options *options)
{
    if (options->as_json) {
        cli_json_print(json_pack("{s:s, s:s}", "incident", options->words.at[0],
            "state", options->words.at[1]));
    } else {
        cli_tell("%s: %s\n", options->words.at[0], options->words.at[1]);
    }
}

static enum trivet_status
change(const struct options *options, struct trivet_error *err)
{
    struct cli_operation operation = {.data = &options->data};
    enum trivet_status status;
    json_t *rows = NULL;

    TRIVET_TRY(check_words(options, err));
    TRIVET_TRY(cli_open_store(
        &options->data, TRIVET_STORE_EXISTING, &operation.store, err));

    status = cli_operation_run(
        &operation, "incident.set", describe(options), &rows, err);
    trivet_store_close(operation.store);
    json_decref(rows);
    if (status == TRIVET_OK) {
        tell(options);
    }

    return status;
}

static enum trivet_status
list(const struct options *options, struct trivet_error *err)
{
    struct cli_operation operation = {.data = &options->data};
    json_t *rows;
    enum trivet_status status = cli_operation_run(
        &operation, "incident.list", json_object(), &rows, err);

    if (status != TRIVET_OK) {
        json_decref(rows);
        return status;
    }

    cli_table_print(
        columns, sizeof columns / sizeof columns[0], rows, options->as_json);

    return TRIVET_OK;
}

static enum trivet_status
work(const struct options *options, struct trivet_error *err)
{
    struct trivet_sandbox *sandbox;

    /* That it is a sandbox, in words for whoever it is not. */
    TRIVET_TRY(cli_sandbox_open(&options->data, false, &sandbox, err));
    trivet_sandbox_close(sandbox);

    return options->words.num > 0 ? change(options, err) : list(options, err);
}

static int
run(void *input)
{
    const struct options *options = input;
    struct trivet_error err = {.status = TRIVET_OK};

    if (options->words.num == 0 && options->seconds != 0) {
        return cli_usage("--seconds goes with \"slow on\"");
    }

    return cli_finish_here(work(options, &err), &err);
}

static const struct cli_shared_options shared[] = {
    {&cli_data_argp, offsetof(struct options, data)}, {0}};

const struct cli_command cli_incident_command = {
    .name = "incident",
    .summary = "make the sandbox fail on purpose: on, off",
    .doc = "Has a sandbox fail as bunq's users have seen it fail: "
           "429-unsigned, html-502, lowercase-headers, session-dies, slow, "
           "wrong-signature, ip-flip, maintenance-491, ip-country-400, "
           "sandbox-reset, server-key-rotates. Without an argument it lists "
           "them and which are on.",
    .arguments = {"[NAME on|off | all off]", 0, 2,
        offsetof(struct options, words), NULL},
    .options = options_table,
    .shared = shared,
    .parse = parse_option,
    .input_size = sizeof(struct options),
    .run = run,
};
