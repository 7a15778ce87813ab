/* SPDX-License-Identifier: Apache-2.0 */
/* refusals.c - how many refused credentials the audit takes */
#include "authority/limits/refusals.h"

#include "base/timestamp.h"

/*
 * A row is some 200 bytes. A flood of unknown callers that never ends makes a
 * worker write 12 rows a minute, about 4 MB a day, with as many commits; those
 * who have a key could write more by opening sessions.
 */
static const struct {
    int64_t burst; /* rows */
    int64_t step_us;
} rates[TRIVET_NUM_REFUSAL_BUDGETS] = {
    [TRIVET_REFUSED_STRANGERS] = {20, 5 * TRIVET_US_PER_S},
    [TRIVET_REFUSED_KNOWN_KEYS] = {100, TRIVET_US_PER_S / 5},
};

bool
trivet_refusals_admit(struct trivet_refusals *refusals,
    enum trivet_refusal_budget_kind kind, int64_t now_us)
{
    if (!trivet_bucket_take(&refusals->budgets[kind].bucket, rates[kind].burst,
            rates[kind].step_us, now_us))
    {
        trivet_refusals_leave_out(refusals, kind, 1);
        return false;
    }

    return true;
}

void
trivet_refusals_leave_out(struct trivet_refusals *refusals,
    enum trivet_refusal_budget_kind kind, int64_t num)
{
    (void) atomic_fetch_add(&refusals->budgets[kind].num_left_out, num);
}

int64_t
trivet_refusals_take_left_out(
    struct trivet_refusals *refusals, enum trivet_refusal_budget_kind kind)
{
    return atomic_exchange(&refusals->budgets[kind].num_left_out, 0);
}

bool
trivet_refusals_has_left_out(struct trivet_refusals *refusals)
{
    for (int i = 0; i < TRIVET_NUM_REFUSAL_BUDGETS; i++) {
        if (atomic_load(&refusals->budgets[i].num_left_out) > 0) {
            return true;
        }
    }

    return false;
}
