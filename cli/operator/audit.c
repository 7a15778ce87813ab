/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.c - trivet audit: what happened in a store, and whether that is whole
 *
 * Rows are printed as they are read: a chain of any length needs no memory.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/timestamp.h"
#include "cli/operator/common.h"
#include "cli/output.h"
#include "cli/table.h"
#include "store/noun/audit.h"
#include "store/store.h"

enum {
    OPTION_FOLLOW = 0x300,
    OPTION_SINCE,
    OPTION_HEAD,
    FOLLOW_STEP_NS = 300 * 1000 * 1000,
    MAX_FAULTS_TOLD = 20,
    HASH_TEXT_LEN = 2 * TRIVET_DIGEST_LEN
};

/* ---- show, follow ------------------------------------------------------ */

struct show_options {
    struct cli_operator op;
    int is_following;
    long long since;
};

static const struct argp_option show_table[] = {
    {"follow", OPTION_FOLLOW, NULL, 0,
        "show the rows, then each new row, until interrupted", 0},
    {"since", OPTION_SINCE, "ID", 0, "only rows after this one", 0},
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
        if (!trivet_slice_to_id(trivet_slice_text(arg), &options->since)) {
            argp_error(state, "--since: the number of a row");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The ids of a row, in the order in which they are shown. */
struct shown_id {
    const char *key;   /* in JSON   */
    const char *title; /* to people */
    int64_t id;
};

enum { NUM_SHOWN_IDS = 5 };

static void
take_ids(const struct trivet_audit_row *row, struct shown_id out[NUM_SHOWN_IDS])
{
    out[0] = (struct shown_id){"user_id", "user", row->user_id};
    out[1] = (struct shown_id){"api_key_id", "key", row->api_key_id};
    out[2] = (struct shown_id){
        "installation_id", "installation", row->installation_id};
    out[3] = (struct shown_id){"device_id", "device", row->device_id};
    out[4] = (struct shown_id){"session_id", "session", row->session_id};
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

static json_t *
text_or_null(const char *text)
{
    return text[0] == '\0' ? json_null() : cli_json_text(text);
}

static void
show_json(const struct trivet_audit_row *row)
{
    struct shown_id ids[NUM_SHOWN_IDS];
    char address[TRIVET_MAX_ADDRESS_TEXT];
    json_t *object;

    take_ids(row, ids);
    format_address(row, address);
    object = json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
        (json_int_t) row->id, "at", cli_json_time(row->at_us), "event",
        cli_json_text(row->event), "actor", cli_json_text(row->actor),
        "address", text_or_null(address), "reason", text_or_null(row->reason),
        "detail", text_or_null(row->detail));

    for (size_t i = 0; i < NUM_SHOWN_IDS; i++) {
        (void) json_object_set_new(object, ids[i].key, cli_json_id(ids[i].id));
    }

    cli_json_print(object);
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

struct showing {
    int as_json;
    int64_t last; /* the id that was shown last */
};

static void
show_row(void *opaque, const struct trivet_audit_row *row)
{
    struct showing *showing = opaque;

    (showing->as_json ? show_json : show_line)(row);
    showing->last = row->id;
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
show(void *input, struct trivet_error *err)
{
    struct show_options *options = input;
    struct cli_operator *op = &options->op;
    const struct timespec step = {.tv_nsec = FOLLOW_STEP_NS};
    struct showing showing = {op->as_json, options->since};

    for (;;) {
        TRIVET_TRY(trivet_store_audit_list(
            op->store, showing.last, show_row, &showing, err));

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

static int
run_show(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, show);
}

/* ---- verify ------------------------------------------------------------ */

struct verify_options {
    struct cli_operator op;
    bool has_head;
    struct trivet_audit_head head;
};

static const struct argp_option verify_table[] = {
    {"head", OPTION_HEAD, "ID:HASH", 0,
        "the head that an earlier verify printed: that row must still be there",
        0},
    {0},
};

static int
digit_of(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c);

    return at == NULL ? -1 : (int) (at - digits);
}

static bool
parse_hash(const char *text, unsigned char out[TRIVET_DIGEST_LEN])
{
    if (strlen(text) != HASH_TEXT_LEN) {
        return false;
    }

    for (size_t i = 0; i < TRIVET_DIGEST_LEN; i++) {
        int high = digit_of(text[2 * i]);
        int low = digit_of(text[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (unsigned char) (high << 4 | low);
    }

    return true;
}

static bool
parse_head(const char *text, struct trivet_audit_head *out)
{
    const char *colon = strchr(text, ':');
    long long id;

    if (colon == NULL
        || !trivet_slice_to_id(
            trivet_slice_make(text, (size_t) (colon - text)), &id)
        || !parse_hash(colon + 1, out->hash))
    {
        return false;
    }

    out->num_rows = id;
    return true;
}

static error_t
parse_verify(int key, char *arg, struct argp_state *state)
{
    struct verify_options *options = state->input;

    if (key != OPTION_HEAD) {
        return ARGP_ERR_UNKNOWN;
    }

    if (!parse_head(arg, &options->head)) {
        argp_error(state, "--head: a number, a colon and 64 hex digits");
    }
    options->has_head = true;
    return 0;
}

static const struct {
    const char *word;
    const char *text; /* to people; behind the row or rows */
} fault_texts[] = {
    [TRIVET_AUDIT_ROW_CHANGED] = {"changed",
        "does not fit its place: it, or what it follows, was changed or moved"},
    [TRIVET_AUDIT_ROWS_MISSING] = {"missing", "missing"},
    [TRIVET_AUDIT_ROW_ADDED] = {"added",
        "was added at the end without audit_head"},
    [TRIVET_AUDIT_HEAD_WRONG] = {"head-wrong",
        "is the last, but audit_head has another hash for it"},
    [TRIVET_AUDIT_HEAD_MISSING] = {"head-missing",
        "audit_head is empty: the end of the chain is not known"},
    [TRIVET_AUDIT_NOT_AS_NOTED] = {"not-as-noted", "is not the one of --head"},
};

struct verifying {
    size_t num_faults;
    json_t *faults; /* NULL: told as text */
};

static void
take_fault(void *opaque, const struct trivet_audit_fault *fault)
{
    struct verifying *verifying = opaque;

    if (verifying->num_faults++ >= MAX_FAULTS_TOLD) {
        return;
    }

    if (verifying->faults != NULL) {
        (void) json_array_append_new(verifying->faults,
            json_pack("{s:s, s:I, s:I}", "fault", fault_texts[fault->kind].word,
                "first", (json_int_t) fault->first, "last",
                (json_int_t) fault->last));
        return;
    }

    if (fault->first == 0 && fault->last == 0) {
        cli_print("%s\n", fault_texts[fault->kind].text);
    } else if (fault->first == fault->last) {
        cli_print("row %lld: %s\n", (long long) fault->first,
            fault_texts[fault->kind].text);
    } else {
        cli_print("rows %lld to %lld: %s\n", (long long) fault->first,
            (long long) fault->last, fault_texts[fault->kind].text);
    }
}

static void
format_hash(const unsigned char *hash, char out[HASH_TEXT_LEN + 1])
{
    for (size_t i = 0; i < TRIVET_DIGEST_LEN; i++) {
        (void) snprintf(out + 2 * i, 3, "%02x", hash[i]);
    }
}

static void
tell_result(const struct cli_operator *op, const struct verifying *verifying,
    const struct trivet_audit_head *head)
{
    char hash[HASH_TEXT_LEN + 1];

    format_hash(head->hash, hash);

    if (op->as_json) {
        cli_json_print(json_pack("{s:b, s:I, s:s, s:I, s:O}", "whole",
            verifying->num_faults == 0, "rows", (json_int_t) head->num_rows,
            "hash", hash, "num_faults", (json_int_t) verifying->num_faults,
            "faults", verifying->faults));
        return;
    }

    if (verifying->num_faults == 0) {
        cli_print("whole: %lld rows\nhead: %lld:%s\n",
            (long long) head->num_rows, (long long) head->num_rows, hash);
    } else if (verifying->num_faults > MAX_FAULTS_TOLD) {
        cli_print("and %zu more\n", verifying->num_faults - MAX_FAULTS_TOLD);
    }
}

static enum trivet_status
verify(void *input, struct trivet_error *err)
{
    struct verify_options *options = input;
    struct cli_operator *op = &options->op;
    struct verifying verifying = {
        .faults = op->as_json ? json_array() : NULL,
    };
    const struct trivet_audit_head *known =
        options->has_head ? &options->head : NULL;
    struct trivet_audit_head head;
    enum trivet_status status = trivet_store_audit_verify(
        op->store, known, take_fault, &verifying, &head, err);

    if (status == TRIVET_OK) {
        tell_result(op, &verifying, &head);
    }
    if (status == TRIVET_OK && verifying.num_faults > 0) {
        status = trivet_error_set(
            err, TRIVET_E_UNTRUSTED, "audit.verify", "the audit is not whole");
    }

    json_decref(verifying.faults);
    return status;
}

static int
run_verify(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, verify);
}

static const struct cli_command verify_command = {
    .name = "verify",
    .summary = "tell whether the audit is whole",
    .doc = "Walks the whole audit and names each row that was changed, "
           "removed or moved. Exits with 6 when there is one.",
    .options = verify_table,
    .shared = cli_operator_shared,
    .parse = parse_verify,
    .input_size = sizeof(struct verify_options),
    .run = run_verify,
};

/* ---- the command ------------------------------------------------------- */

static const struct cli_command *const children[] = {&verify_command, NULL};

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
