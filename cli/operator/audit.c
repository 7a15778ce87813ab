/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.c - trivet audit: what happened in a store, in the order of time
 *
 * Rows are printed as they are read: chains of any length need no memory.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "authority/operator/calls/calls.h"
#include "base/timestamp.h"
#include "cli/operator/audit_verify.h"
#include "cli/operator/common.h"
#include "cli/output.h"
#include "cli/table.h"
#include "store/noun/audit.h"
#include "store/store.h"

enum {
    OPTION_FOLLOW = 0x300,
    OPTION_SINCE,
    FOLLOW_STEP_NS = 300 * 1000 * 1000,
    MAX_SINCE = 64
};

/* ---- show, follow ------------------------------------------------------ */

struct show_options {
    struct cli_operator op;
    int is_following;
    struct trivet_audit_note since[MAX_SINCE]; /* of its head the number */
    size_t num_since;
};

static const struct argp_option show_table[] = {
    {"follow", OPTION_FOLLOW, NULL, 0,
        "show the rows, then each new row, until interrupted", 0},
    {"since", OPTION_SINCE, "[CHAIN:]ID", 0,
        "of this chain (default: main) only rows after this one; may be given "
        "again for others",
        0},
    {0},
};

static error_t
parse_show(int key, char *arg, struct argp_state *state)
{
    struct show_options *options = state->input;

    switch (key) {
    case OPTION_FOLLOW:
        options->is_following = 1;
        return 0;
    case OPTION_SINCE:
        if (options->num_since == MAX_SINCE
            || !cli_audit_read_place(
                arg, &options->since[options->num_since], NULL))
        {
            argp_error(state, "--since: the number of a row, before it the "
                              "name of its chain and a colon");
        }
        options->num_since++;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The ids of a row, in the order in which they are shown. */
struct shown_id {
    const char *title;
    int64_t id;
};

enum { NUM_SHOWN_IDS = 5 };

static void
take_ids(const struct trivet_audit_row *row, struct shown_id out[NUM_SHOWN_IDS])
{
    out[0] = (struct shown_id){"user", row->user_id};
    out[1] = (struct shown_id){"key", row->api_key_id};
    out[2] = (struct shown_id){"installation", row->installation_id};
    out[3] = (struct shown_id){"device", row->device_id};
    out[4] = (struct shown_id){"session", row->session_id};
}

static void
format_address(
    const struct trivet_audit_row *row, char out[TRIVET_MAX_ADDRESS_TEXT])
{
    out[0] = '\0';
    if (row->has_address) {
        trivet_address_format(&row->address, out);
    }
}

static void
show_json(const struct trivet_audit_row *row)
{
    cli_json_print(trivet_operator_audit_row(row));
}

static void
put_word(const char *before, const char *word)
{
    if (word[0] != '\0') {
        (void) fputs(before, stdout);
        cli_put_text(stdout, word);
    }
}

static void
show_line(const struct trivet_audit_row *row)
{
    struct shown_id ids[NUM_SHOWN_IDS];
    char address[TRIVET_MAX_ADDRESS_TEXT];
    char at[TRIVET_TIMESTAMP_SIZE]; /* shown to the second, in UTC */

    take_ids(row, ids);
    format_address(row, address);
    trivet_timestamp_format(row->at_us, at);

    if (strcmp(row->chain, TRIVET_CHAIN_MAIN) != 0) {
        put_word("", row->chain);
        (void) putchar(':');
    }
    cli_print("%lld  %.19s", (long long) row->id, at);
    put_word("  ", row->event);
    put_word("  ", row->actor);
    put_word(" ", address);
    for (size_t i = 0; i < NUM_SHOWN_IDS; i++) {
        if (ids[i].id != 0) {
            cli_print("  %s=%lld", ids[i].title, (long long) ids[i].id);
        }
    }
    put_word("  ", row->reason);
    put_word("  ", row->detail);
    (void) putchar('\n');
}

static void
show_row(void *opaque, const struct trivet_audit_row *row)
{
    const int *as_json = opaque;

    (*as_json ? show_json : show_line)(row);
}

static enum trivet_status
check_current(struct cli_operator *op, struct trivet_error *err)
{
    if (!trivet_store_is_current(op->store)) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "audit.follow",
            "the store was removed or exchanged");
    }

    return TRIVET_OK;
}

static enum trivet_status
show_all(struct show_options *options, struct trivet_audit_reader *reader,
    struct trivet_error *err)
{
    struct cli_operator *op = &options->op;
    const struct timespec step = {.tv_nsec = FOLLOW_STEP_NS};
    int as_json = op->as_json;

    for (size_t i = 0; i < options->num_since; i++) {
        TRIVET_TRY(trivet_audit_reader_skip(
            reader, options->since[i].chain, options->since[i].head.num_rows));
    }

    for (;;) {
        TRIVET_TRY(trivet_store_audit_read(
            op->store, reader, show_row, &as_json, err));

        if (!cli_output_flush()) {
            return trivet_error_set(err, TRIVET_E_INTERNAL, "audit.show",
                "standard output cannot be written");
        }
        if (!options->is_following) {
            return TRIVET_OK;
        }

        (void) nanosleep(&step, NULL);
        TRIVET_TRY(check_current(op, err));
    }
}

static enum trivet_status
show(void *input, struct trivet_error *err)
{
    struct trivet_audit_reader *reader = trivet_audit_reader_new();
    enum trivet_status status;

    if (reader == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "audit.show", "out of memory");
    }

    status = show_all(input, reader, err);
    trivet_audit_reader_free(reader);
    return status;
}

static int
run_show(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, show);
}

/* ---- the command ------------------------------------------------------- */

static const struct cli_command *const children[] = {
    &cli_audit_verify_command, NULL};

const struct cli_command cli_audit_command = {
    .name = "audit",
    .summary = "the audit log: show, follow, verify",
    .doc = "Shows what happened: each change and each refused credential, "
           "one a line. \"trivet audit verify\" tells whether it is whole.",
    .options = show_table,
    .shared = cli_operator_shared,
    .parse = parse_show,
    .input_size = sizeof(struct show_options),
    .run = run_show,
    .children = children,
};
