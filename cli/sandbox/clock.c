/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - trivet clock: the time in the sandbox */
#include <stdio.h>

#include "base/duration.h"
#include "base/timestamp.h"
#include "cli/clock.h"
#include "cli/moment.h"
#include "cli/commands.h"
#include "cli/open_store.h"
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
show(const struct trivet_sandbox *sandbox, bool as_json)
{
    int64_t offset_us = trivet_sandbox_offset_us(sandbox);
    char moment[CLI_MOMENT_SIZE];
    char span[CLI_DISTANCE_SIZE];

    cli_clock_set_offset(offset_us);

    if (as_json) {
        cli_json_print(
            json_pack("{s:o, s:I}", "now", cli_json_time(cli_now_us()),
                "offset_seconds", (json_int_t) (offset_us / TRIVET_US_PER_S)));
        return;
    }

    cli_format_moment(cli_now_us(), moment);

    cli_format_distance(offset_us, span);
    cli_print(offset_us == 0 ? "%s\n" : "%s, %s ahead\n", moment, span);
}

static enum trivet_status
move(struct trivet_sandbox *sandbox, const char *word, struct trivet_error *err)
{
    long long seconds = 0;

    if (strcmp(word, "reset") == 0) {
        trivet_sandbox_reset_clock(sandbox);
        return TRIVET_OK;
    }

    TRIVET_TRY(parse_span(word, &seconds, err));

    return trivet_sandbox_advance(sandbox, seconds, err);
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

static enum trivet_status
work(const struct options *options, const char *word, struct trivet_error *err)
{
    struct trivet_sandbox *sandbox = NULL;
    enum trivet_status status;

    if (word != NULL && strcmp(word, "accept") == 0) {
        return accept_clock(options, err);
    }

    status = cli_sandbox_open(&options->data, word != NULL, &sandbox, err);
    if (status == TRIVET_OK && word != NULL) {
        status = move(sandbox, word, err);
    }
    if (status == TRIVET_OK) {
        show(sandbox, options->as_json);
    }

    trivet_sandbox_close(sandbox);
    return status;
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
