/* SPDX-License-Identifier: Apache-2.0 */
/* audit_verify.c - trivet audit verify: whether the audit log is whole */
#include "cli/operator/audit_verify.h"

#include <stdio.h>
#include <string.h>

#include "authority/operator/calls/calls.h"
#include "base/encoding.h"
#include "base/slice.h"
#include "base/timestamp.h"
#include "cli/operator/common.h"
#include "cli/output.h"
#include "cli/table.h"
#include "core/json_tree.h"
#include "store/store.h"

enum {
    OPTION_HEAD = 0x300,
    OPTION_CHECKPOINT,
    MAX_HEADS = 256,
    MAX_FAULTS_TOLD = 20,
    HASH_TEXT_LEN = 2 * TRIVET_DIGEST_LEN
};

struct verify_options {
    struct cli_operator op;
    struct trivet_audit_note heads[MAX_HEADS];
    size_t num_heads;
    struct trivet_audit_head its_checkpoint;
    const struct trivet_audit_head *checkpoint; /* NULL: not given */
};

/* ---- options ----------------------------------------------------------- */

static const struct argp_option table[] = {
    {"head", OPTION_HEAD, "[CHAIN:]ID:HASH", 0,
        "the head of a chain (default: main) that an earlier verify printed: "
        "that row must still be there; may be given again for others",
        0},
    {"checkpoint", OPTION_CHECKPOINT, "ID:HASH", 0,
        "the checkpoint that an earlier verify printed: it must still be there",
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
parse_number(const char *from, const char *to, int64_t *out)
{
    long long number;

    if (!trivet_slice_to_id(
            trivet_slice_make(from, (size_t) (to - from)), &number)) {
        return false;
    }

    *out = number;
    return true;
}

/* From the end, since the chain may be left out. */
bool
cli_audit_read_place(
    const char *text, struct trivet_audit_note *out, unsigned char *hash)
{
    const char *end = text + strlen(text);
    const char *colon;
    size_t len;

    (void) snprintf(out->chain, sizeof out->chain, "%s", TRIVET_CHAIN_MAIN);

    if (hash != NULL) {
        end = strrchr(text, ':');
        if (end == NULL || !parse_hash(end + 1, hash)) {
            return false;
        }
    }

    colon = strchr(text, ':');
    if (colon == NULL || colon >= end) {
        return parse_number(text, end, &out->head.num_rows);
    }

    len = (size_t) (colon - text);
    if (len >= sizeof out->chain) {
        return false;
    }
    (void) snprintf(out->chain, sizeof out->chain, "%.*s", (int) len, text);

    return trivet_chain_is_name(out->chain)
           && parse_number(colon + 1, end, &out->head.num_rows);
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
    struct verify_options *options = state->input;
    struct trivet_audit_note *head = &options->heads[options->num_heads];
    struct trivet_audit_note checkpoint;

    switch (key) {
    case OPTION_HEAD:
        if (options->num_heads == MAX_HEADS
            || !cli_audit_read_place(arg, head, head->head.hash))
        {
            argp_error(state, "--head: a number, a colon and 64 hex digits, "
                              "before them the name of the chain and a colon");
        }
        options->num_heads++;
        return 0;
    case OPTION_CHECKPOINT:
        if (!cli_audit_read_place(arg, &checkpoint, checkpoint.head.hash)
            || strchr(arg, ':') != strrchr(arg, ':'))
        {
            argp_error(
                state, "--checkpoint: a number, a colon and 64 hex digits");
        }
        options->its_checkpoint = checkpoint.head;
        options->checkpoint = &options->its_checkpoint;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- faults ------------------------------------------------------------ */

static const struct {
    const char *text;   /* to people; behind the row or rows */
    bool is_checkpoint; /* or behind the checkpoint or checkpoints */
} fault_texts[TRIVET_NUM_AUDIT_FAULTS] = {
    [TRIVET_AUDIT_ROW_CHANGED] =
        {"does not fit its place: it, or what it follows, was changed or moved",
            false},
    [TRIVET_AUDIT_ROWS_MISSING] = {"missing", false},
    [TRIVET_AUDIT_ROW_ADDED] = {"was added at the end without audit_head",
        false},
    [TRIVET_AUDIT_HEAD_WRONG] =
        {"is the last, but audit_head has another hash for it", false},
    [TRIVET_AUDIT_HEAD_MISSING] =
        {"audit_head has no row of it: the end of the chain is not known",
            false},
    [TRIVET_AUDIT_NOT_AS_NOTED] = {"is not the one of --head", false},
    [TRIVET_AUDIT_CHAIN_MISSING] =
        {"missing, as is audit_head's row: the whole chain was removed", false},
    [TRIVET_AUDIT_NOT_AS_SIGNED] =
        {"is not the one that a checkpoint has signed", false},
    [TRIVET_AUDIT_CHECKPOINT_CHANGED] =
        {"does not fit its place: it, or what it follows, was changed", true},
    [TRIVET_AUDIT_CHECKPOINT_FORGED] = {"is signed by no key of this server",
        true},
    [TRIVET_AUDIT_CHECKPOINTS_MISSING] = {"missing", true},
    [TRIVET_AUDIT_CHECKPOINT_ADDED] =
        {"was added at the end without audit_checkpoint_end", true},
    [TRIVET_AUDIT_CHECKPOINT_END_WRONG] =
        {"is the last, but audit_checkpoint_end has another hash for it", true},
    [TRIVET_AUDIT_CHECKPOINT_END_MISSING] =
        {"audit_checkpoint_end is empty: it is not known how many there are",
            true},
    [TRIVET_AUDIT_CHECKPOINT_NOT_AS_NOTED] = {"is not the one of --checkpoint",
        true},
};

struct verifying {
    const struct cli_operator *op;
    size_t num_faults;
    json_t *faults; /* NULL: told as text */
    json_t *chains; /* the same           */
};

static void
tell_fault(const struct trivet_audit_fault *fault)
{
    const char *text = fault_texts[fault->kind].text;
    const char *what =
        fault_texts[fault->kind].is_checkpoint ? "checkpoint" : "row";

    if (fault->chain[0] != '\0') {
        cli_print("chain ");
        cli_put_text(stdout, fault->chain);
        cli_print(": ");
    }
    if (fault->first == 0 && fault->last == 0) {
        cli_print("%s\n", text);
    } else if (fault->first == fault->last) {
        cli_print("%s %lld: %s\n", what, (long long) fault->first, text);
    } else {
        cli_print("%ss %lld to %lld: %s\n", what, (long long) fault->first,
            (long long) fault->last, text);
    }
}

static void
take_fault(void *opaque, const struct trivet_audit_fault *fault)
{
    struct verifying *verifying = opaque;
    json_t *row;

    if (verifying->num_faults++ >= MAX_FAULTS_TOLD) {
        return;
    }

    if (verifying->faults == NULL) {
        tell_fault(fault);
        return;
    }

    row = json_pack("{s:s, s:n, s:I, s:I}", "fault",
        trivet_audit_fault_words[fault->kind], "chain", "first",
        (json_int_t) fault->first, "last", (json_int_t) fault->last);
    if (fault->chain[0] != '\0') {
        (void) json_object_set_new(row, "chain", cli_json_text(fault->chain));
    }
    (void) json_array_append_new(verifying->faults, row);
}

/* ---- what is whole ----------------------------------------------------- */

static void
format_hash(const unsigned char *hash, char out[HASH_TEXT_LEN + 1])
{
    trivet_hex_encode(trivet_slice_make(hash, TRIVET_DIGEST_LEN), out);
    out[HASH_TEXT_LEN] = '\0';
}

static void
take_chain(
    void *opaque, const char *chain, const struct trivet_audit_head *head)
{
    struct verifying *verifying = opaque;
    char hash[HASH_TEXT_LEN + 1];

    format_hash(head->hash, hash);
    if (verifying->chains != NULL) {
        (void) json_array_append_new(verifying->chains,
            json_pack("{s:o, s:I, s:s}", "chain", cli_json_text(chain), "rows",
                (json_int_t) head->num_rows, "hash", hash));
        return;
    }

    cli_print("head: ");
    cli_put_text(stdout, chain);
    cli_print(":%lld:%s\n", (long long) head->num_rows, hash);
}

static void
tell_json(const struct verifying *verifying,
    const struct trivet_audit_report *report, const char *hash)
{
    cli_json_print(
        json_pack("{s:b, s:I, s:O, s:I, s:s, s:I, s:o, s:I, s:I, s:O}", "whole",
            verifying->num_faults == 0, "rows", (json_int_t) report->num_rows,
            "chains", verifying->chains, "checkpoints",
            (json_int_t) report->checkpoint.num_rows, "checkpoint_hash", hash,
            "whole_until", (json_int_t) report->whole_until, "whole_until_at",
            trivet_json_moment(report->whole_at_us), "rows_behind",
            (json_int_t) report->num_behind, "num_faults",
            (json_int_t) verifying->num_faults, "faults", verifying->faults));
}

static void
tell_until(const struct trivet_audit_report *report)
{
    char at[TRIVET_TIMESTAMP_SIZE]; /* shown to the second, in UTC */

    if (report->whole_until == 0) {
        cli_print("up to no checkpoint all is whole\n");
        return;
    }

    trivet_timestamp_format(report->whole_at_us, at);
    cli_print("up to checkpoint %lld, of %.19s, all is whole\n",
        (long long) report->whole_until, at);
}

static void
tell_text(const struct verifying *verifying,
    const struct trivet_audit_report *report, const char *hash)
{
    if (report->checkpoint.num_rows > 0) {
        cli_print("checkpoint: %lld:%s\n",
            (long long) report->checkpoint.num_rows, hash);
    }
    if (verifying->num_faults > MAX_FAULTS_TOLD) {
        cli_print("and %zu more\n", verifying->num_faults - MAX_FAULTS_TOLD);
    }
    if (verifying->num_faults > 0) {
        tell_until(report);
        return;
    }

    cli_print("whole: %lld rows, %lld of them behind the last checkpoint\n",
        (long long) report->num_rows, (long long) report->num_behind);
}

static void
tell_result(
    const struct verifying *verifying, const struct trivet_audit_report *report)
{
    char hash[HASH_TEXT_LEN + 1];

    format_hash(report->checkpoint.hash, hash);
    (verifying->op->as_json ? tell_json : tell_text)(verifying, report, hash);
}

/* ---- the command ------------------------------------------------------- */

static enum trivet_status
verify(void *input, struct trivet_error *err)
{
    struct verify_options *options = input;
    struct verifying verifying = {
        .op = &options->op,
    };
    const struct trivet_audit_inquiry inquiry = {
        .heads = options->heads,
        .num_heads = options->num_heads,
        .checkpoint = options->checkpoint,
        .on_fault = take_fault,
        .on_chain = take_chain,
        .user = &verifying,
    };
    struct trivet_audit_report report;
    enum trivet_status status;

    if (options->op.as_json) {
        verifying.faults = json_array();
        verifying.chains = json_array();
    }
    status =
        trivet_store_audit_verify(options->op.store, &inquiry, &report, err);

    if (status == TRIVET_OK) {
        tell_result(&verifying, &report);
    }
    if (status == TRIVET_OK && verifying.num_faults > 0) {
        status = trivet_error_set(
            err, TRIVET_E_UNTRUSTED, "audit.verify", "the audit is not whole");
    }

    json_decref(verifying.faults);
    json_decref(verifying.chains);
    return status;
}

static int
run(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, verify);
}

const struct cli_command cli_audit_verify_command = {
    .name = "verify",
    .summary = "tell whether the audit is whole",
    .doc = "Walks all chains of the audit and its checkpoints, and names each "
           "row that was changed, removed or moved, each chain that is gone "
           "and each checkpoint that is not the server's. Says up to which "
           "checkpoint all is whole. Exits with 6 when something is not.",
    .options = table,
    .shared = cli_operator_shared,
    .parse = parse,
    .input_size = sizeof(struct verify_options),
    .run = run,
};
