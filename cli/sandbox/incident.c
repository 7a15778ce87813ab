/* SPDX-License-Identifier: Apache-2.0 */
/* incident.c - trivet incident: failures on purpose, in the sandbox */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/open_store.h"
#include "cli/output.h"
#include "cli/sandbox/incident_key.h"
#include "cli/sandbox_state.h"
#include "cli/span.h"
#include "cli/table.h"
#include "store/noun/api_key.h"
#include "store/noun/installation.h"
#include "store/noun/session.h"
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

static const char *
word_of(const struct trivet_sandbox *sandbox, enum trivet_incident incident)
{
    return trivet_sandbox_has(sandbox, incident) ? "on" : "off";
}

static json_t *
row_of(const struct trivet_sandbox *sandbox, enum trivet_incident incident)
{
    const struct trivet_incident_row *row = trivet_incident_row(incident);
    const char *meaning = row->meaning;
    json_t *seconds = NULL; /* of the incident slow alone */
    char slow[64];

    if (incident == TRIVET_INCIDENT_SLOW) {
        long long slow_s = trivet_sandbox_slow_s(sandbox);

        (void) snprintf(slow, sizeof slow, "%s %lld s", row->meaning, slow_s);
        meaning = slow;
        seconds = json_integer(slow_s);
    }

    return json_pack("{s:s, s:s, s:s, s:o?}", "incident", row->name, "state",
        word_of(sandbox, incident), "meaning", meaning, "seconds", seconds);
}

static void
list(const struct trivet_sandbox *sandbox, bool as_json)
{
    json_t *rows = json_array();

    for (int i = 0; i < TRIVET_NUM_INCIDENTS; i++) {
        (void) json_array_append_new(
            rows, row_of(sandbox, (enum trivet_incident) i));
    }

    cli_table_print(columns, sizeof columns / sizeof columns[0], rows, as_json);
}

/* ---- switching --------------------------------------------------------- */

static void
keep_last(void *last, const struct trivet_session_row *row)
{
    *(int64_t *) last = row->session.id;
}

static void
keep_last_key(void *last, const struct trivet_api_key *row)
{
    *(int64_t *) last = row->id;
}

static enum trivet_status
find_last(struct trivet_store *store, int64_t *out_installation,
    int64_t *out_api_key, struct trivet_error *err)
{
    *out_api_key = 0;
    TRIVET_TRY(trivet_store_installation_last_id(store, out_installation, err));

    return trivet_store_api_key_list(store, keep_last_key, out_api_key, err);
}

/* What is there now is lost; it is told by its numbers. */
static enum trivet_status
lose_all(const struct options *options, struct trivet_sandbox *sandbox,
    struct trivet_error *err)
{
    struct trivet_store *store;
    enum trivet_status status;
    int64_t installation;
    int64_t api_key;

    TRIVET_TRY(
        cli_open_store(&options->data, TRIVET_STORE_EXISTING, &store, err));
    status = find_last(store, &installation, &api_key, err);
    trivet_store_close(store);

    if (status == TRIVET_OK) {
        trivet_sandbox_set_lost(sandbox, installation, api_key);
    }

    return status;
}

/* The sessions that are open now, told by their numbers: clocks may be moved.
 */
static enum trivet_status
doom_sessions(const struct options *options, struct trivet_sandbox *sandbox,
    struct trivet_error *err)
{
    struct trivet_store *store;
    enum trivet_status status;
    int64_t last = 0;

    TRIVET_TRY(
        cli_open_store(&options->data, TRIVET_STORE_EXISTING, &store, err));
    status = trivet_store_session_list(store, keep_last, &last, err);
    trivet_store_close(store);

    if (status == TRIVET_OK) {
        trivet_sandbox_set_last_session_to_end(sandbox, last);
    }

    return status;
}

static enum trivet_status
switch_one(const struct options *options, struct trivet_sandbox *sandbox,
    enum trivet_incident incident, bool is_on, struct trivet_error *err)
{
    if (is_on && incident == TRIVET_INCIDENT_SESSION_DIES) {
        TRIVET_TRY(doom_sessions(options, sandbox, err));
    }
    if (is_on && incident == TRIVET_INCIDENT_SANDBOX_RESET) {
        TRIVET_TRY(lose_all(options, sandbox, err));
    }
    if (is_on && incident == TRIVET_INCIDENT_SERVER_KEY_ROTATES) {
        TRIVET_TRY(cli_incident_key_prepare(&options->data, err));
    }
    if (is_on && incident == TRIVET_INCIDENT_SLOW) {
        long long slow_s =
            options->seconds == 0 ? TRIVET_DEFAULT_SLOW_S : options->seconds;

        trivet_sandbox_set_slow_s(sandbox, slow_s);
    }

    trivet_sandbox_set(sandbox, incident, is_on);
    return TRIVET_OK;
}

/* What the words mean; *out_incident is TRIVET_NUM_INCIDENTS for all. */
static enum trivet_status
read_words(const struct options *options, enum trivet_incident *out_incident,
    bool *out_is_on, struct trivet_error *err)
{
    const char *name = options->words.at[0];
    const char *state = options->words.at[1];
    bool is_all = strcmp(name, "all") == 0;

    *out_incident = TRIVET_NUM_INCIDENTS;
    *out_is_on = strcmp(state, "on") == 0;

    if (!is_all && !trivet_incident_find(trivet_slice_text(name), out_incident))
    {
        return trivet_error_set(err, TRIVET_E_USAGE, "incident",
            "%s: no such incident; \"trivet incident\" lists them", name);
    }
    if (!*out_is_on && strcmp(state, "off") != 0) {
        return trivet_error_set(
            err, TRIVET_E_USAGE, "incident", "%s: on or off?", state);
    }
    if (is_all && *out_is_on) {
        return trivet_error_set(err, TRIVET_E_USAGE, "incident",
            "all of them can only be switched off");
    }
    if (options->seconds != 0
        && (*out_incident != TRIVET_INCIDENT_SLOW || !*out_is_on))
    {
        return trivet_error_set(
            err, TRIVET_E_USAGE, "incident", "--seconds goes with \"slow on\"");
    }

    return TRIVET_OK;
}

static enum trivet_status
change(const struct options *options, struct trivet_sandbox *sandbox,
    struct trivet_error *err)
{
    enum trivet_incident incident;
    bool is_on;

    TRIVET_TRY(read_words(options, &incident, &is_on, err));

    for (int i = 0; i < TRIVET_NUM_INCIDENTS; i++) {
        if (incident == TRIVET_NUM_INCIDENTS || (int) incident == i) {
            TRIVET_TRY(switch_one(
                options, sandbox, (enum trivet_incident) i, is_on, err));
        }
    }

    if (options->as_json) {
        cli_json_print(json_pack("{s:s, s:s}", "incident", options->words.at[0],
            "state", options->words.at[1]));
    } else {
        cli_tell("%s: %s\n", options->words.at[0], options->words.at[1]);
    }

    return TRIVET_OK;
}

static enum trivet_status
work(const struct options *options, struct trivet_error *err)
{
    bool is_change = options->words.num > 0;
    struct trivet_sandbox *sandbox = NULL;
    enum trivet_status status =
        cli_sandbox_open(&options->data, is_change, &sandbox, err);

    if (status == TRIVET_OK && is_change) {
        status = change(options, sandbox, err);
    } else if (status == TRIVET_OK) {
        list(sandbox, options->as_json);
    }

    trivet_sandbox_close(sandbox);
    return status;
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
