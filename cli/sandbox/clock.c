/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - trivet clock: the time in the sandbox */
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/timestamp.h"
#include "cli/clock.h"
#include "cli/commands.h"
#include "cli/moment.h"
#include "cli/open_store.h"
#include "cli/operation.h"
#include "cli/output.h"
#include "cli/sandbox_state.h"
#include "cli/table.h"
#include "store/noun/clock.h"
#include "store/store.h"

enum { OPTION_JSON = 0x200 };

struct options {
    struct cli_data_options data;
    bool as_json;
    struct cli_words words; /* what to do; none: show it */
};

static const struct argp_option options_table[] = {
    {"json", OPTION_JSON, NULL, 0, "JSON, for programs", 0},
    {0},
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;

    (void) arg;

    if (key != OPTION_JSON) {
        return ARGP_ERR_UNKNOWN;
    }

    options->as_json = true;
    return 0;
}

/* ---- a span ------------------------------------------------------------ */

/* "+" and a duration; at most TRIVET_MAX_CLOCK_OFFSET_S. */
static enum trivet_status
parse_span(const char *text, long long *out, struct trivet_error *err)
{
    int64_t seconds;

    if (text[0] != '+'
        || trivet_duration_parse(
               trivet_slice_text(text + 1), TRIVET_MAX_CLOCK_OFFSET_S, &seconds)
               != TRIVET_OK)
    {
        return trivet_error_set(err, TRIVET_E_USAGE, "clock",
            "%s: not a span such as +8d or +1d12h (s, m, h, d, w; ten years at "
            "most), and not \"reset\"",
            text);
    }

    *out = seconds;
    return TRIVET_OK;
}

/* ---- the command ------------------------------------------------------- */

static void
show(const json_t *row, bool as_json)
{
    int64_t offset_us =
        json_integer_value(json_object_get(row, "offset_seconds"))
        * TRIVET_US_PER_S;
    char moment[CLI_MOMENT_SIZE];
    char span[CLI_DISTANCE_SIZE];

    cli_clock_set_offset(offset_us);

    if (as_json) {
        cli_json_print(json_deep_copy(row));
        return;
    }

    cli_format_moment(cli_now_us(), moment);

    cli_format_distance(offset_us, span);
    cli_print(offset_us == 0 ? "%s\n" : "%s, %s ahead\n", moment, span);
}

static enum trivet_status
run_call(const struct options *options, const char *name, json_t *given,
    struct trivet_error *err)
{
    struct cli_operation operation = {.data = &options->data};
    json_t *rows = NULL;
    enum trivet_status status = TRIVET_OK;

    if (strcmp(name, "clock.show") != 0) {
        status = cli_open_store(
            &options->data, TRIVET_STORE_EXISTING, &operation.store, err);
    }
    if (status == TRIVET_OK) {
        status =
            cli_operation_run(&operation, name, json_incref(given), &rows, err);
    }
    if (status == TRIVET_OK) {
        show(json_array_get(rows, 0), options->as_json);
    }

    trivet_store_close(operation.store);
    json_decref(given);
    json_decref(rows);
    return status;
}

/* An operator's word that the machine's clock is right: any store's. */
static enum trivet_status
accept_clock(const struct options *options, struct trivet_error *err)
{
    struct trivet_store *store;
    enum trivet_status status;
    int64_t back_us;
    char span[CLI_DISTANCE_SIZE];

    TRIVET_TRY(
        cli_open_store(&options->data, TRIVET_STORE_EXISTING, &store, err));
    status = trivet_store_clock_accept(
        store, cli_clock_us(), cli_clock_offset_us(), &back_us, err);
    trivet_store_close(store);
    if (status != TRIVET_OK) {
        return status;
    }

    if (options->as_json) {
        cli_json_print(json_pack(
            "{s:I}", "back_seconds", (json_int_t) (back_us / TRIVET_US_PER_S)));
        return TRIVET_OK;
    }

    if (back_us == 0) {
        cli_print("the clock is not behind: nothing to accept\n");
        return TRIVET_OK;
    }

    cli_format_distance(back_us, span);
    cli_print("accepted: the time went %s back\n", span);
    return TRIVET_OK;
}

/* word: NULL, "reset" or a span. */
static enum trivet_status
show_or_move(
    const struct options *options, const char *word, struct trivet_error *err)
{
    long long seconds = 0;

    if (word == NULL) {
        return run_call(options, "clock.show", json_object(), err);
    }
    if (strcmp(word, "reset") == 0) {
        return run_call(options, "clock.reset", json_object(), err);
    }

    TRIVET_TRY(parse_span(word, &seconds, err));

    return run_call(options, "clock.advance",
        json_pack("{s:I}", "seconds", (json_int_t) seconds), err);
}

static enum trivet_status
work(const struct options *options, const char *word, struct trivet_error *err)
{
    struct trivet_sandbox *sandbox;

    if (word != NULL && strcmp(word, "accept") == 0) {
        return accept_clock(options, err);
    }

    /* That it is a sandbox, in words for whoever wants to move the clock. */
    TRIVET_TRY(cli_sandbox_open(&options->data, false, &sandbox, err));
    cli_clock_set_offset(trivet_sandbox_offset_us(sandbox));
    trivet_sandbox_close(sandbox);

    return show_or_move(options, word, err);
}

static int
run(void *input)
{
    const struct options *options = input;
    struct trivet_error err = {.status = TRIVET_OK};

    return cli_finish_here(work(options, options->words.at[0], &err), &err);
}

static const struct cli_shared_options shared[] = {
    {&cli_data_argp, offsetof(struct options, data)}, {0}};

const struct cli_command cli_clock_command = {
    .name = "clock",
    .summary = "the sandbox's time: advance it, reset it",
    .doc = "Advances the clock of a sandbox by a span such as +8d or +1d12h "
           "(s, m, h, d, w), or sets it to the true time again. Sessions, API "
           "keys and rate limits follow at once. Without an argument it prints "
           "the time there.\v\"accept\" is for every store: the machine's "
           "clock is right now, and the latest time of the store was wrong. "
           "Whatever expired only by that time is valid again.",
    .arguments = {"[+SPAN | reset | accept]", 0, 1,
        offsetof(struct options, words), NULL},
    .options = options_table,
    .shared = shared,
    .parse = parse_option,
    .input_size = sizeof(struct options),
    .run = run,
};
