/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - trivet log: the last requests of a gateway, and what became of them
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <time.h>

#include "base/slice.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/serve/console_client.h"
#include "cli/table.h"

enum {
    OPTION_FOLLOW = 0x300,
    OPTION_COUNT,
    OPTION_JSON,
    DEFAULT_COUNT = 20,
    MAX_COUNT = 200,
    STEP_MS = 500,
    MAX_QUERY = 96
};

struct options {
    struct cli_data_options data;
    long long count;
    bool is_following;
    bool as_json;
};

static const struct argp_option options_table[] = {
    {"follow", OPTION_FOLLOW, NULL, 0,
        "show the last requests, then each new one, until interrupted", 0},
    {"count", OPTION_COUNT, "N", 0, "how many (default: 20; 200 at most)", 0},
    {"json", OPTION_JSON, NULL, 0,
        "JSON, one request a line, with header and bodies in a sandbox", 0},
    {0},
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        options->count = DEFAULT_COUNT;
        return 0;
    case OPTION_FOLLOW:
        options->is_following = true;
        return 0;
    case OPTION_COUNT:
        if (!trivet_slice_to_id(trivet_slice_text(arg), &options->count)
            || options->count < 1 || options->count > MAX_COUNT)
        {
            argp_error(state, "--count: a number from 1 to %d", MAX_COUNT);
        }
        return 0;
    case OPTION_JSON:
        options->as_json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- showing ----------------------------------------------------------- */

static void
put(const char *before, const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));

    if (text != NULL) {
        (void) fputs(before, stdout);
        cli_put_text(stdout, text);
    }
}

static void
put_id(const char *before, const json_t *row, const char *name)
{
    const json_t *id = json_object_get(row, name);

    if (json_is_integer(id)) {
        cli_print("%s%lld", before, (long long) json_integer_value(id));
    }
}

static void
show_line(const json_t *row)
{
    const char *at = json_string_value(json_object_get(row, "at"));
    bool is_admitted = json_is_true(json_object_get(row, "is_admitted"));

    cli_print("%.10s %.8s", at, at + 11);
    put_id("  ", row, "status");
    put(" ", row, "method");
    put(" ", row, "target");
    put("  ", row, "address");
    put_id(" ", row, "took_ms");
    cli_print(" ms");
    put_id("  user=", row, "user_id");
    put_id("  key=", row, "api_key_id");
    put_id("  session=", row, "session_id");
    if (!is_admitted) {
        put("  ", row, "reason");
        put(": ", row, "meaning");
        put(", mistake:", row, "mistake");
    }
    (void) putchar('\n');
}

/* Shows the rows; the id of the last one, or after. */
static int64_t
show_rows(const struct options *options, const json_t *rows, int64_t after)
{
    size_t i;
    json_t *element;

    json_array_foreach(rows, i, element)
    {
        json_t *row = json_object_get(element, "Request");

        after = json_integer_value(json_object_get(row, "id"));
        if (options->as_json) {
            cli_json_print(json_incref(row));
        } else {
            show_line(row);
        }
    }

    return after;
}

/* ---- following --------------------------------------------------------- */

static enum trivet_status
show_some(const struct options *options, struct cli_console *console,
    const char *query, int64_t *after, struct trivet_error *err)
{
    json_t *rows;

    TRIVET_TRY(cli_console_get(console, query, &rows, err));

    *after = show_rows(options, rows, *after);
    json_decref(rows);
    if (!cli_output_flush()) {
        return trivet_error_set(
            err, TRIVET_E_INTERNAL, "log", "standard output cannot be written");
    }

    return TRIVET_OK;
}

static enum trivet_status
show(const struct options *options, struct cli_console *console,
    struct trivet_error *err)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    char query[MAX_QUERY];
    int64_t after = 0;

    (void) snprintf(
        query, sizeof query, "/api/journal?count=%lld", options->count);
    TRIVET_TRY(show_some(options, console, query, &after, err));

    while (options->is_following) {
        (void) nanosleep(&step, NULL);
        (void) snprintf(query, sizeof query, "/api/journal?count=%d&after=%lld",
            (int) MAX_COUNT, (long long) after);
        TRIVET_TRY(show_some(options, console, query, &after, err));
    }

    return TRIVET_OK;
}

static int
run(void *input)
{
    const struct options *options = input;
    struct trivet_error err = {.status = TRIVET_OK};
    struct cli_console *console;
    enum trivet_status status =
        cli_console_open(&options->data, &console, &err);

    if (status == TRIVET_OK) {
        status = show(options, console, &err);
    }

    cli_console_close(console);
    return cli_finish_here(status, &err);
}

static const struct cli_shared_options shared[] = {
    {&cli_data_argp, offsetof(struct options, data)}, {0}};

const struct cli_command cli_log_command = {
    .name = "log",
    .summary = "the last requests, and what became of them",
    .doc = "Shows the last requests of the gateway that runs on the data "
           "directory with a console: what was called, by whom, what was "
           "answered, and why it was refused. Secrets are cut out.",
    .options = options_table,
    .shared = shared,
    .parse = parse_option,
    .input_size = sizeof(struct options),
    .run = run,
};
