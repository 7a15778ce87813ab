/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - trivet store: whether a store agrees with itself */
#include "cli/operator/common.h"
#include "cli/output.h"
#include "cli/table.h"
#include "store/noun/admission.h"

enum { MAX_FAULTS_TOLD = 20 };

static const struct {
    const char *word;
    const char *text; /* to people; behind the session */
} fault_texts[] = {
    [TRIVET_ADMISSION_DIFFERS] = {"differs",
        "its row in admission is not what the other tables say"},
    [TRIVET_ADMISSION_STALE] = {"stale",
        "it has a row in admission, but may not be admitted"},
    [TRIVET_ADMISSION_MISSING] = {"missing",
        "it has no row in admission: it is looked up the slow way"},
};

struct checking {
    size_t num_faults;
    json_t *faults; /* NULL: told as text */
};

static void
take_fault(void *opaque, enum trivet_admission_fault fault, int64_t session_id)
{
    struct checking *checking = opaque;

    if (checking->num_faults++ >= MAX_FAULTS_TOLD) {
        return;
    }

    if (checking->faults != NULL) {
        (void) json_array_append_new(checking->faults,
            json_pack("{s:s, s:I}", "fault", fault_texts[fault].word,
                "session_id", (json_int_t) session_id));
    } else {
        cli_print("session %lld: %s\n", (long long) session_id,
            fault_texts[fault].text);
    }
}

static void
tell_result(const struct cli_operator *op, const struct checking *checking,
    int64_t num_rows)
{
    if (op->as_json) {
        cli_json_print(json_pack("{s:b, s:I, s:I, s:O}", "agrees",
            checking->num_faults == 0, "rows", (json_int_t) num_rows,
            "num_faults", (json_int_t) checking->num_faults, "faults",
            checking->faults));
    } else if (checking->num_faults == 0) {
        cli_print("agrees: %lld rows\n", (long long) num_rows);
    } else if (checking->num_faults > MAX_FAULTS_TOLD) {
        cli_print("and %zu more\n", checking->num_faults - MAX_FAULTS_TOLD);
    }
}

static enum trivet_status
check(void *input, struct trivet_error *err)
{
    struct cli_operator *op = input;
    struct checking checking = {
        .faults = op->as_json ? json_array() : NULL,
    };
    int64_t num_rows;
    enum trivet_status status = trivet_store_admission_check(
        op->store, take_fault, &checking, &num_rows, err);

    if (status == TRIVET_OK) {
        tell_result(op, &checking, num_rows);
    }
    if (status == TRIVET_OK && checking.num_faults > 0) {
        status = trivet_error_set(err, TRIVET_E_UNTRUSTED, "store.check",
            "the store does not agree with itself");
    }

    json_decref(checking.faults);
    return status;
}

static int
run_check(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, check);
}

static const struct cli_command check_command = {
    .name = "check",
    .summary = "compare the rows that requests are admitted by with the tables",
    .doc = "Compares each row of the table admission, by which requests are "
           "admitted, with the tables that it is made from, and names each "
           "session for which they differ. Exits with 6 when there is one.",
    .shared = cli_operator_shared,
    .input_size = sizeof(struct cli_operator),
    .run = run_check,
};

static const struct cli_command *const children[] = {&check_command, NULL};

const struct cli_command cli_store_command = {
    .name = "store",
    .summary = "whether the store agrees with itself: check",
    .children = children,
};
