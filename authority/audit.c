/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.c - refused credentials go into the audit
 *
 * Changes are told by the store itself. A refusal changes nothing, so its row
 * has a transaction of its own, after all has been decided. It must not be in
 * anybody's way: it waits for other writers a moment only, and when it cannot
 * be written, the refusal is counted (authority/limits/refusals.h) and answered
 * all the same.
 */
#include "authority/audit.h"

#include <stdio.h>

#include "authority/clock.h"
#include "authority/connection.h"
#include "store/noun/audit.h"
#include "store/store.h"

enum { PATIENCE_MS = 100 };

static const char *const callers[TRIVET_NUM_REFUSAL_BUDGETS] = {
    [TRIVET_REFUSED_STRANGERS] = "strangers",
    [TRIVET_REFUSED_KNOWN_KEYS] = "known keys",
};

static enum trivet_status
put_left_out(struct trivet_store *store, enum trivet_refusal_budget_kind kind,
    int64_t num, int64_t now_us)
{
    struct trivet_audit_entry entry = {.event = TRIVET_AUDIT_REFUSALS_LEFT_OUT};

    if (num == 0) {
        return TRIVET_OK;
    }

    (void) snprintf(entry.detail, sizeof entry.detail, "%lld of %s",
        (long long) num, callers[kind]);

    return trivet_store_audit_put(store, &entry, now_us, NULL);
}

/* Entry (NULL: none), behind what was left out before it: all or nothing. */
static enum trivet_status
put_rows(struct trivet_authority *authority, const int64_t *nums,
    const struct trivet_address *address,
    const struct trivet_audit_entry *entry, int64_t now_us)
{
    struct trivet_store *store = authority->store;
    enum trivet_status status = TRIVET_OK;

    trivet_store_act_as_gateway(store, NULL);
    TRIVET_TRY(trivet_store_begin(store, NULL));

    for (int i = 0; status == TRIVET_OK && i < TRIVET_NUM_REFUSAL_BUDGETS; i++)
    {
        status = put_left_out(
            store, (enum trivet_refusal_budget_kind) i, nums[i], now_us);
    }

    trivet_store_act_as_gateway(store, address);
    if (status == TRIVET_OK && entry != NULL) {
        status = trivet_store_audit_put(store, entry, now_us, NULL);
    }
    if (status == TRIVET_OK) {
        status = trivet_store_commit(store, NULL);
    }
    if (status != TRIVET_OK) {
        trivet_store_rollback(store);
    }

    return status;
}

static enum trivet_status
put_patiently(struct trivet_authority *authority,
    const struct trivet_address *address,
    const struct trivet_audit_entry *entry, int64_t now_us)
{
    struct trivet_refusals *refusals = authority->config->refusals;
    int64_t nums[TRIVET_NUM_REFUSAL_BUDGETS] = {0};
    enum trivet_status status;

    for (int i = 0; refusals != NULL && i < TRIVET_NUM_REFUSAL_BUDGETS; i++) {
        nums[i] = trivet_refusals_take_left_out(
            refusals, (enum trivet_refusal_budget_kind) i);
    }

    trivet_store_set_patience(authority->store, PATIENCE_MS);
    status = put_rows(authority, nums, address, entry, now_us);
    trivet_store_set_patience(authority->store, 0);

    for (int i = 0; status != TRIVET_OK && refusals != NULL
                    && i < TRIVET_NUM_REFUSAL_BUDGETS;
         i++)
    {
        trivet_refusals_leave_out(
            refusals, (enum trivet_refusal_budget_kind) i, nums[i]);
    }

    return status;
}

void
trivet_case_audit_refusal(struct trivet_case *c)
{
    const struct trivet_identity *who = &c->answer->identity;
    enum trivet_reason reason = c->answer->verdict.reason;
    struct trivet_refusals *refusals = c->authority->config->refusals;
    enum trivet_refusal_budget_kind kind = who->api_key_id == 0
                                               ? TRIVET_REFUSED_STRANGERS
                                               : TRIVET_REFUSED_KNOWN_KEYS;
    struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_REFUSED,
        .user_id = who->user_id,
        .api_key_id = who->api_key_id,
        .installation_id = who->installation_id,
        .device_id = who->device_id,
        .session_id = who->session_id,
        .reason = trivet_reason_row(reason)->id,
    };

    if (!trivet_reason_is_credential(reason)
        || (refusals != NULL
            && !trivet_refusals_admit(refusals, kind,
                trivet_authority_true_us(c->authority->config))))
    {
        return;
    }

    if (put_patiently(c->authority, &c->request->address, &entry, c->now_us)
            != TRIVET_OK
        && refusals != NULL)
    {
        trivet_refusals_leave_out(refusals, kind, 1);
    }
}

void
trivet_authority_tell_left_out(struct trivet_authority *authority)
{
    struct trivet_refusals *refusals = authority->config->refusals;
    int64_t now_us;

    if (refusals == NULL || !trivet_refusals_has_left_out(refusals)
        || trivet_authority_ensure_store(authority, NULL) != TRIVET_OK
        || trivet_authority_take_time(authority, &now_us, NULL) != TRIVET_OK)
    {
        return;
    }

    /* What failed is counted again, and told the next time. */
    (void) put_patiently(authority, NULL, NULL, now_us);
}
