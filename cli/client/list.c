/* SPDX-License-Identifier: Apache-2.0 */
/* list.c - trivet list: the contexts */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/client/context.h"
#include "cli/commands.h"
#include "cli/moment.h"
#include "cli/table.h"
#include "client/clock.h"
#include "client/environment.h"
#include "core/json_tree.h"

enum { OPTION_JSON = 0x200 };

static const struct argp_option options[] = {
    {"json", OPTION_JSON, NULL, 0, "JSON, for programs", 0},
    {0},
};

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    bool *is_json = state->input;

    (void) argument;

    if (key != OPTION_JSON) {
        return ARGP_ERR_UNKNOWN;
    }

    *is_json = true;
    return 0;
}

static int
is_context_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > 5 && len < CLI_MAX_CONTEXT_NAME + 5 && entry->d_name[0] != '.'
           && strcmp(entry->d_name + len - 5, ".json") == 0;
}

/* The first and the last are for people; JSON has their parts. */
static const struct cli_column columns[] = {
    {"shown", "  NAME", CLI_CELL_VALUE},
    {"url", "SERVER", CLI_CELL_VALUE},
    {"expires", "SESSION UNTIL", CLI_CELL_MOMENT},
    {"says", "SESSION", CLI_CELL_VALUE},
};

static const char *
session_state(const struct trivet_context_info *info, int64_t left_us)
{
    if (!info->has_session) {
        return "none";
    }

    return left_us > 0 ? "alive" : "ended";
}

/* A row's "says". */
static json_t *
validity(const struct trivet_context_info *info, int64_t left_us)
{
    char span[CLI_DISTANCE_SIZE];

    if (!info->has_session || left_us <= 0) {
        return json_string(session_state(info, left_us));
    }

    cli_format_distance(left_us, span);
    return json_sprintf("valid for %s", span);
}

/* What can be told of a context that can be read. */
static void
describe(const struct trivet_context_info *info, json_t *row)
{
    int64_t left_us = info->session_expires_us - trivet_clock_now_us();
    int64_t expires_us = info->has_session ? info->session_expires_us : 0;
    const char *state = session_state(info, left_us);

    (void) json_object_set_new(row, "url", cli_json_text(info->base_url));
    (void) json_object_set_new(row, "environment",
        json_string(trivet_environment_name(info->environment)));
    (void) json_object_set_new(row, "session", json_string(state));
    (void) json_object_set_new(row, "expires", trivet_json_moment(expires_us));
    (void) json_object_set_new(row, "says", validity(info, left_us));
}

static json_t *
row_of(const char *name, bool is_current)
{
    struct cli_client client = {.options = TRIVET_CONTEXT_OPTIONS_INIT};
    struct trivet_context_info info;
    struct trivet_context *context;
    struct trivet_error err;
    json_t *row = json_pack("{s:s, s:b, s:n, s:n}", "name", name, "current",
        is_current, "expires", "error");

    client.context = name;
    if (cli_client_locate(&client, false) != CLI_OK) {
        json_decref(row);
        return NULL;
    }

    (void) json_object_set_new(row, "file", cli_json_text(client.path));
    client.options.flags = TRIVET_OPEN_OFFLINE;
    if (trivet_context_open(&client.options, &context, &err) != TRIVET_OK) {
        (void) json_object_set_new(row, "error", cli_json_text(err.detail));
        (void) json_object_set_new(row, "says", cli_json_text(err.detail));
        return row;
    }

    trivet_context_describe(context, &info);
    trivet_context_close(context);
    describe(&info, row);
    return row;
}

/* One row for each context in folder. */
static json_t *
collect(const char *folder)
{
    char current[CLI_MAX_CONTEXT_NAME];
    struct dirent **entries = NULL;
    json_t *rows = json_array();
    int num = scandir(folder, &entries, is_context_file, alphasort);

    cli_context_current(current);

    for (int i = 0; i < num; i++) {
        char *name = entries[i]->d_name;
        json_t *row;

        name[strlen(name) - strlen(".json")] = '\0';
        row = row_of(name, strcmp(name, current) == 0);
        if (row != NULL) {
            (void) json_array_append_new(rows, row);
        }
        free(entries[i]);
    }

    free(entries);
    return rows;
}

/* The name, behind a "*" when it is the default context's. */
static json_t *
marked_name(const json_t *row)
{
    const char *name = json_string_value(json_object_get(row, "name"));
    bool is_current = json_is_true(json_object_get(row, "current"));

    return json_sprintf("%c %s", is_current ? '*' : ' ', name);
}

static int
run(void *input)
{
    const bool *is_json = input;
    char folder[CLI_MAX_CONTEXT_PATH];
    struct trivet_error err;
    json_t *rows;
    json_t *row;
    size_t i;

    if (cli_context_folder(folder, &err) != TRIVET_OK) {
        return cli_fail(&err);
    }

    rows = collect(folder);
    json_array_foreach(rows, i, row)
    {
        if (*is_json) {
            (void) json_object_del(row, "says");
        } else {
            (void) json_object_set_new(row, "shown", marked_name(row));
        }
    }

    cli_table_print(
        columns, sizeof columns / sizeof columns[0], rows, *is_json);
    return CLI_OK;
}

const struct cli_command cli_list_command = {
    .name = "list",
    .summary = "list the contexts",
    .doc = "List the contexts; * marks the default one.",
    .options = options,
    .parse = parse,
    .input_size = sizeof(bool),
    .run = run,
};
