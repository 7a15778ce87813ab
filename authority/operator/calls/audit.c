/* SPDX-License-Identifier: Apache-2.0 */
/* audit.c - the audit log: a page of it, its chains, whether it is whole */
#include "authority/operator/calls/calls.h"

#include "authority/operator/json.h"
#include "base/encoding.h"
#include "store/noun/audit.h"

enum { MAX_FAULTS_TOLD = 20, HASH_TEXT_SIZE = 2 * TRIVET_DIGEST_LEN + 1 };

#define ID_OR_NULL(id_name)                                                    \
    {                                                                          \
        .name = (id_name), .type = TRIVET_TYPE_ID, .is_optional = true         \
    }

const struct trivet_operator_field trivet_audit_fields[] = {
    {.name = "chain", .type = TRIVET_TYPE_TEXT, .max = TRIVET_MAX_CHAIN},
    {.name = "id",
        .type = TRIVET_TYPE_ID,
        .meaning = "its number in the chain"},
    {.name = "at", .type = TRIVET_TYPE_MOMENT},
    {.name = "event", .type = TRIVET_TYPE_TEXT, .max = TRIVET_MAX_AUDIT_WORD},
    {.name = "actor",
        .type = TRIVET_TYPE_TEXT,
        .max = TRIVET_MAX_AUDIT_WORD,
        .meaning = "gateway, operator or operator:NAME"},
    {.name = "address",
        .type = TRIVET_TYPE_TEXT,
        .is_optional = true,
        .max = TRIVET_MAX_ADDRESS_TEXT},
    {.name = "reason",
        .type = TRIVET_TYPE_TEXT,
        .is_optional = true,
        .max = TRIVET_MAX_AUDIT_DETAIL},
    {.name = "detail",
        .type = TRIVET_TYPE_TEXT,
        .is_optional = true,
        .max = TRIVET_MAX_AUDIT_DETAIL},
    ID_OR_NULL("user_id"),
    ID_OR_NULL("api_key_id"),
    ID_OR_NULL("installation_id"),
    ID_OR_NULL("device_id"),
    ID_OR_NULL("session_id"),
    {.name = NULL},
};

const struct trivet_operator_field trivet_chain_fields[] = {
    {.name = "chain", .type = TRIVET_TYPE_TEXT, .max = TRIVET_MAX_CHAIN},
    {.name = NULL},
};

json_t *
trivet_operator_audit_row(const struct trivet_audit_row *row)
{
    json_t *address = row->has_address
                          ? trivet_operator_json_address(&row->address)
                          : json_null();

    return json_pack(
        "{s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "chain", trivet_operator_json_text(row->chain), "id",
        (json_int_t) row->id, "at", trivet_json_moment(row->at_us), "event",
        trivet_operator_json_text(row->event), "actor",
        trivet_operator_json_text(row->actor), "address", address, "reason",
        trivet_operator_json_text_or_null(row->reason), "detail",
        trivet_operator_json_text_or_null(row->detail), "user_id",
        trivet_operator_json_id(row->user_id), "api_key_id",
        trivet_operator_json_id(row->api_key_id), "installation_id",
        trivet_operator_json_id(row->installation_id), "device_id",
        trivet_operator_json_id(row->device_id), "session_id",
        trivet_operator_json_id(row->session_id));
}

static void
add_row(void *operation, const struct trivet_audit_row *row)
{
    trivet_operation_push(operation, trivet_operator_audit_row(row));
}

/* A page of one chain; without a page the newest. */
enum trivet_status
trivet_operator_audit_list(struct trivet_operation *operation)
{
    const struct trivet_page newest = {
        .count = TRIVET_MAX_PAGE, .newer_id = -1, .older_id = INT64_MAX};
    const struct trivet_page *page =
        operation->page == NULL ? &newest : operation->page;
    const char *chain = trivet_operation_text(operation, "chain");

    if (chain[0] == '\0') {
        chain = TRIVET_CHAIN_MAIN;
    }

    return trivet_operation_check(
        operation, trivet_store_audit_search(operation->store, chain, page,
                       add_row, operation, operation->err));
}

static void
add_chain(void *operation, const char *name)
{
    trivet_operation_push(operation,
        json_pack("{s:o}", "chain", trivet_operator_json_text(name)));
}

enum trivet_status
trivet_operator_audit_chains(struct trivet_operation *operation)
{
    return trivet_operation_check(
        operation, trivet_store_audit_chains(
                       operation->store, add_chain, operation, operation->err));
}

/* ---- whether it is whole ----------------------------------------------- */

const char *const trivet_audit_fault_words[TRIVET_NUM_AUDIT_FAULTS + 1] = {
    [TRIVET_AUDIT_ROW_CHANGED] = "changed",
    [TRIVET_AUDIT_ROWS_MISSING] = "missing",
    [TRIVET_AUDIT_ROW_ADDED] = "added",
    [TRIVET_AUDIT_HEAD_WRONG] = "head-wrong",
    [TRIVET_AUDIT_HEAD_MISSING] = "head-missing",
    [TRIVET_AUDIT_NOT_AS_NOTED] = "not-as-noted",
    [TRIVET_AUDIT_CHAIN_MISSING] = "chain-missing",
    [TRIVET_AUDIT_NOT_AS_SIGNED] = "not-as-signed",
    [TRIVET_AUDIT_CHECKPOINT_CHANGED] = "checkpoint-changed",
    [TRIVET_AUDIT_CHECKPOINT_FORGED] = "checkpoint-forged",
    [TRIVET_AUDIT_CHECKPOINTS_MISSING] = "checkpoint-missing",
    [TRIVET_AUDIT_CHECKPOINT_ADDED] = "checkpoint-added",
    [TRIVET_AUDIT_CHECKPOINT_END_WRONG] = "checkpoint-end-wrong",
    [TRIVET_AUDIT_CHECKPOINT_END_MISSING] = "checkpoint-end-missing",
    [TRIVET_AUDIT_CHECKPOINT_NOT_AS_NOTED] = "checkpoint-not-as-noted",
    [TRIVET_NUM_AUDIT_FAULTS] = NULL,
};

static const struct trivet_operator_field fault_fields[] = {
    {.name = "fault",
        .type = TRIVET_TYPE_WORD,
        .words = trivet_audit_fault_words},
    {.name = "chain",
        .type = TRIVET_TYPE_TEXT,
        .is_optional = true,
        .max = TRIVET_MAX_CHAIN},
    {.name = "first", .type = TRIVET_TYPE_INTEGER, .max = INT64_MAX},
    {.name = "last", .type = TRIVET_TYPE_INTEGER, .max = INT64_MAX},
    {.name = NULL},
};

static const struct trivet_operator_field head_fields[] = {
    {.name = "chain", .type = TRIVET_TYPE_TEXT, .max = TRIVET_MAX_CHAIN},
    {.name = "rows", .type = TRIVET_TYPE_INTEGER, .max = INT64_MAX},
    {.name = "hash", .type = TRIVET_TYPE_TEXT, .max = HASH_TEXT_SIZE},
    {.name = NULL},
};

const struct trivet_operator_field trivet_audit_report_fields[] = {
    {.name = "whole", .type = TRIVET_TYPE_FLAG},
    {.name = "rows", .type = TRIVET_TYPE_INTEGER, .max = INT64_MAX},
    {.name = "chains", .type = TRIVET_TYPE_LIST, .items = head_fields},
    {.name = "checkpoints", .type = TRIVET_TYPE_INTEGER, .max = INT64_MAX},
    {.name = "checkpoint_hash",
        .type = TRIVET_TYPE_TEXT,
        .max = HASH_TEXT_SIZE},
    {.name = "whole_until",
        .type = TRIVET_TYPE_INTEGER,
        .max = INT64_MAX,
        .meaning = "the checkpoint up to which all is whole; 0: none"},
    {.name = "whole_until_at", .type = TRIVET_TYPE_MOMENT, .is_optional = true},
    {.name = "rows_behind",
        .type = TRIVET_TYPE_INTEGER,
        .max = INT64_MAX,
        .meaning = "the last checkpoint"},
    {.name = "num_faults", .type = TRIVET_TYPE_INTEGER, .max = INT64_MAX},
    {.name = "faults",
        .type = TRIVET_TYPE_LIST,
        .items = fault_fields,
        .meaning = "the first 20"},
    {.name = NULL},
};

struct finding {
    json_t *faults;
    json_t *chains;
    int64_t num_faults;
    struct trivet_operation *operation;
};

static void
add_fault(void *opaque, const struct trivet_audit_fault *fault)
{
    struct finding *finding = opaque;

    if (finding->num_faults++ < MAX_FAULTS_TOLD) {
        trivet_operation_push_to(finding->operation, finding->faults,
            json_pack("{s:s, s:o, s:I, s:I}", "fault",
                trivet_audit_fault_words[fault->kind], "chain",
                trivet_operator_json_text_or_null(fault->chain), "first",
                (json_int_t) fault->first, "last", (json_int_t) fault->last));
    }
}

static void
format_hash(const unsigned char *hash, char out[HASH_TEXT_SIZE])
{
    trivet_hex_encode(trivet_slice_make(hash, TRIVET_DIGEST_LEN), out);
    out[HASH_TEXT_SIZE - 1] = '\0';
}

static void
add_head(void *opaque, const char *chain, const struct trivet_audit_head *head)
{
    struct finding *finding = opaque;
    char hash[HASH_TEXT_SIZE];

    format_hash(head->hash, hash);
    trivet_operation_push_to(finding->operation, finding->chains,
        json_pack("{s:o, s:I, s:s}", "chain", trivet_operator_json_text(chain),
            "rows", (json_int_t) head->num_rows, "hash", hash));
}

static enum trivet_status
report(struct trivet_operation *operation, const struct finding *finding,
    const struct trivet_audit_report *report)
{
    char hash[HASH_TEXT_SIZE];

    format_hash(report->checkpoint.hash, hash);

    return trivet_operation_add(operation,
        json_pack("{s:b, s:I, s:O, s:I, s:s, s:I, s:o, s:I, s:I, s:O}", "whole",
            finding->num_faults == 0, "rows", (json_int_t) report->num_rows,
            "chains", finding->chains, "checkpoints",
            (json_int_t) report->checkpoint.num_rows, "checkpoint_hash", hash,
            "whole_until", (json_int_t) report->whole_until, "whole_until_at",
            trivet_json_moment(report->whole_at_us), "rows_behind",
            (json_int_t) report->num_behind, "num_faults",
            (json_int_t) finding->num_faults, "faults", finding->faults));
}

/* A log that is not whole is an answer, no failure. */
enum trivet_status
trivet_operator_audit_verify(struct trivet_operation *operation)
{
    struct finding finding = {
        .faults = json_array(), .chains = json_array(), .operation = operation};
    const struct trivet_audit_inquiry inquiry = {
        .on_fault = add_fault, .on_chain = add_head, .user = &finding};
    struct trivet_audit_report found;
    enum trivet_status status = trivet_store_audit_verify(
        operation->store, &inquiry, &found, operation->err);

    if (status == TRIVET_OK) {
        status = report(operation, &finding, &found);
    }

    json_decref(finding.faults);
    json_decref(finding.chains);
    return status;
}
