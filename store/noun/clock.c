/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - the latest time that was seen with the store */
#include "store/noun/clock.h"

#include <stdio.h>

#include "base/timestamp.h"
#include "store/handle.h"
#include "store/noun/api_key.h"
#include "store/noun/audit.h"
#include "store/noun/rules.h"
#include "store/noun/session.h"
#include "store/noun/statements.h"
#include "store/row.h"
#include "store/transaction.h"
#include "store/value.h"

static const struct trivet_statement get_sql = {.name = "clock.get",
    .sql = "SELECT epoch, latest_us, 0 FROM clock WHERE id = 1",
    .sql_of = {[TRIVET_DIALECT_POSTGRES] =
                   "SELECT epoch, latest_us, " POSTGRES_NOW_US
                   " FROM clock WHERE id = 1"}};

static const struct trivet_field fields[] = {
    FIELD(struct trivet_store_clock, epoch, INTEGER),
    FIELD(struct trivet_store_clock, latest_us, INTEGER),
    FIELD(struct trivet_store_clock, database_us, INTEGER),
};

enum trivet_status
trivet_store_clock_get(struct trivet_store *store,
    struct trivet_store_clock *out, struct trivet_error *err)
{
    return trivet_store_get(store, &get_sql, NULL, 0, fields,
        sizeof fields / sizeof fields[0], out, err);
}

#define IS_EARLIER "id = 1 AND epoch = $1 AND latest_us < $2"
static const struct trivet_statement note_sql = {.name = "clock.note",
    .sql = "UPDATE clock SET latest_us = $2 WHERE " IS_EARLIER};

/* In a transaction, nobody waits for the one row that all change: while another
 * notes the time, he does. */
static const struct trivet_statement note_beside_sql = {
    .name = "clock.note-beside",
    .sql = "UPDATE clock SET latest_us = $2 WHERE " IS_EARLIER,
    .sql_of = {[TRIVET_DIALECT_POSTGRES] =
                   "UPDATE clock SET latest_us = $2 WHERE id IN"
                   " (SELECT id FROM clock WHERE " IS_EARLIER
                   " FOR NO KEY UPDATE SKIP LOCKED)"}};

enum trivet_status
trivet_store_clock_note(struct trivet_store *store, int64_t epoch,
    int64_t at_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(epoch), trivet_value_integer(at_us)};

    const struct trivet_statement *statement =
        store->is_in_transaction ? &note_beside_sql : &note_sql;

    return RUN(store, statement, params, NULL, NULL, err);
}

static const struct trivet_statement accept_sql = {.name = "clock.accept",
    .sql = "UPDATE clock SET latest_us = $1, epoch = epoch + 1 WHERE id = 1"};

/* Inside a transaction. */
static enum trivet_status
set_back(struct trivet_store *store, int64_t at_us, int64_t now_us,
    int64_t back_us, struct trivet_error *err)
{
    const struct trivet_value clock[] = {trivet_value_integer(at_us)};
    struct trivet_audit_entry entry = {.event = TRIVET_AUDIT_CLOCK_ACCEPTED};

    TRIVET_TRY(RUN(store, &accept_sql, clock, NULL, NULL, err));
    TRIVET_TRY(trivet_store_session_set_back(store, now_us, err));
    TRIVET_TRY(trivet_store_api_key_set_back(store, now_us, err));

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
        status = set_back(store, at_us, at_us + offset_us, back_us, err);
    }

    TRIVET_TRY(trivet_store_leave(store, is_own, status, err));

    *out_back_us = back_us;
    return TRIVET_OK;
}

static const struct trivet_statement *const statements[] = {
    &get_sql,
    &note_sql,
    &note_beside_sql,
    &accept_sql,
};
const struct trivet_statements trivet_clock_statements =
    TRIVET_STATEMENTS(statements);
