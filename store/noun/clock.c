/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - the latest time that was seen with the store */
#include "store/noun/clock.h"

#include <stdio.h>

#include "base/timestamp.h"
#include "store/internal.h"

static void
read_clock(void *opaque, const struct trivet_value *columns)
{
    struct trivet_store_clock *out = opaque;

    out->epoch = columns[0].integer;
    out->latest_us = columns[1].integer;
}

enum trivet_status
trivet_store_clock_get(struct trivet_store *store,
    struct trivet_store_clock *out, struct trivet_error *err)
{
    return trivet_store_run(
        store, TRIVET_SQL_CLOCK_GET, NULL, 0, read_clock, out, err);
}

enum trivet_status
trivet_store_clock_note(struct trivet_store *store, int64_t epoch,
    int64_t at_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(epoch), trivet_value_integer(at_us)};

    return RUN(store, TRIVET_SQL_CLOCK_NOTE, params, NULL, NULL, err);
}

/* Inside a transaction. */
static enum trivet_status
put_back(struct trivet_store *store, int64_t at_us, int64_t now_us,
    int64_t back_us, struct trivet_error *err)
{
    const struct trivet_value clock[] = {trivet_value_integer(at_us)};
    const struct trivet_value now[] = {trivet_value_integer(now_us)};
    struct trivet_audit_entry entry = {.event = TRIVET_AUDIT_CLOCK_ACCEPTED};

    TRIVET_TRY(RUN(store, TRIVET_SQL_CLOCK_ACCEPT, clock, NULL, NULL, err));
    TRIVET_TRY(
        RUN(store, TRIVET_SQL_CLOCK_ANCHOR_SESSIONS, now, NULL, NULL, err));
    TRIVET_TRY(RUN(store, TRIVET_SQL_CLOCK_EXPIRE_KEYS, now, NULL, NULL, err));

    (void) snprintf(entry.detail, sizeof entry.detail, "%lld s back",
        (long long) (back_us / TRIVET_US_PER_S));

    return trivet_store_audit_put(store, &entry, now_us, err);
}

enum trivet_status
trivet_store_clock_accept(struct trivet_store *store, int64_t at_us,
    int64_t offset_us, int64_t *out_back_us, struct trivet_error *err)
{
    struct trivet_store_clock clock;
    enum trivet_status status;
    int64_t back_us = 0;
    bool is_own;

    TRIVET_TRY(trivet_store_enter(store, &is_own, err));

    status = trivet_store_clock_get(store, &clock, err);
    if (status == TRIVET_OK && at_us < clock.latest_us) {
        back_us = clock.latest_us - at_us;
        status = put_back(store, at_us, at_us + offset_us, back_us, err);
    }

    TRIVET_TRY(trivet_store_leave(store, is_own, status, err));

    *out_back_us = back_us;
    return TRIVET_OK;
}
