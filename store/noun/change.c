/* SPDX-License-Identifier: Apache-2.0 */
/* change.c - the list of what was taken away, for gateways that remember */
#include "store/noun/change.h"

#include <stdio.h>

#include "store/noun/rules.h"
#include "store/noun/statements.h"
#include "store/row.h"
#include "store/value.h"

enum {
    MAX_ID_TEXT = 21,
    MAX_GAPS_TEXT = TRIVET_MAX_CHANGE_GAPS * MAX_ID_TEXT + 1
};

/* ---- reading ----------------------------------------------------------- */

/* The clock's row comes first: its id is 0, and its kind no change's. $1: the
 * latest id that was seen, $2: how many rows. */
#define READ_ROWS(rows)                                                        \
    {                                                                          \
        [TRIVET_DIALECT_POSTGRES] =                                            \
            "SELECT 0::BIGINT AS id, -1::BIGINT AS kind, epoch AS subject,"    \
            " latest_us, " POSTGRES_NOW_US " AS now_us FROM clock"             \
            " WHERE clock.id = 1 UNION ALL SELECT listed.*, 0, 0 FROM ("       \
            "SELECT id, kind, subject FROM change WHERE id > $1" rows          \
            " ORDER BY 1 LIMIT $2) AS listed ORDER BY 1"                       \
    }

/* Four times a second by each gateway, and mostly there is no gap. */
static const struct trivet_statement read_sql = {
    .name = "change.read", .sql_of = READ_ROWS("")};

/* $3, $4: the ends of the gaps, parted by commas. */
static const struct trivet_statement read_gaps_sql = {
    .name = "change.read-gaps",
    .sql_of =
        READ_ROWS(" UNION ALL SELECT c.id, c.kind, c.subject"
                  " FROM UNNEST(STRING_TO_ARRAY($3, ',')::BIGINT[],"
                  " STRING_TO_ARRAY($4, ',')::BIGINT[])"
                  " AS gap (first, last)"
                  " JOIN change c ON c.id BETWEEN gap.first AND gap.last")};

static const struct trivet_field clock_fields[] = {
    FIELD(struct trivet_store_clock, epoch, INTEGER),
    FIELD(struct trivet_store_clock, latest_us, INTEGER),
    FIELD(struct trivet_store_clock, database_us, INTEGER),
};
enum { COLUMN_ID, COLUMN_KIND, COLUMN_SUBJECT, COLUMN_CLOCK = COLUMN_SUBJECT };

struct reading {
    trivet_change_fn on_row;
    void *user;
    struct trivet_store_clock *clock;
};

static void
read_row(void *opaque, const struct trivet_value *columns)
{
    const struct reading *reading = opaque;
    const int64_t kind = columns[COLUMN_KIND].integer;
    struct trivet_change row = {.id = columns[COLUMN_ID].integer,
        .subject = columns[COLUMN_SUBJECT].integer};

    if (kind < 0) {
        READ(clock_fields, &columns[COLUMN_CLOCK], reading->clock);
        return;
    }

    if (kind < TRIVET_NUM_CHANGE_KINDS) {
        row.kind = (enum trivet_change_kind) kind;
    }
    reading->on_row(reading->user, &row);
}

/* One end of each gap. */
static struct trivet_value
format_ends(const struct trivet_change_gap *gaps, size_t num, bool is_last,
    char out[MAX_GAPS_TEXT])
{
    size_t len = 0;

    for (size_t i = 0; i < num; i++) {
        const int64_t id = is_last ? gaps[i].last : gaps[i].first;

        len += (size_t) snprintf(
            out + len, MAX_GAPS_TEXT - len, "%lld,", (long long) id);
    }

    len -= len > 0; /* the last comma */
    out[len] = '\0';
    return trivet_value_cstring(out);
}

enum trivet_status
trivet_store_change_read(struct trivet_store *store, int64_t after_id,
    const struct trivet_change_gap *gaps, size_t num_gaps,
    trivet_change_fn on_row, void *user, struct trivet_store_clock *out_clock,
    struct trivet_error *err)
{
    const size_t num =
        num_gaps < TRIVET_MAX_CHANGE_GAPS ? num_gaps : TRIVET_MAX_CHANGE_GAPS;
    char first[MAX_GAPS_TEXT];
    char last[MAX_GAPS_TEXT];
    const struct trivet_value params[] = {trivet_value_integer(after_id),
        trivet_value_integer(TRIVET_MAX_CHANGES_READ),
        format_ends(gaps, num, false, first),
        format_ends(gaps, num, true, last)};
    struct reading reading = {
        .on_row = on_row, .user = user, .clock = out_clock};

    return num == 0
               ? trivet_store_run(
                   store, &read_sql, params, 2, read_row, &reading, err)
               : RUN(store, &read_gaps_sql, params, read_row, &reading, err);
}

/* ---- removing ---------------------------------------------------------- */

/* Gateways do not wait for each other. */
static const struct trivet_statement remove_sql = {.name = "change.remove",
    .sql_of = {[TRIVET_DIALECT_POSTGRES] =
                   "DELETE FROM change WHERE id IN (SELECT id FROM change"
                   " WHERE at_us < " POSTGRES_NOW_US " - $1 * 1000000"
                   " ORDER BY at_us LIMIT $2 FOR UPDATE SKIP LOCKED)"}};

enum trivet_status
trivet_store_change_remove(struct trivet_store *store, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(TRIVET_CHANGES_KEPT_S),
        trivet_value_integer(TRIVET_MAX_CHANGES_READ)};

    return RUN(store, &remove_sql, params, NULL, NULL, err);
}

static const struct trivet_statement *const statements[] = {
    &read_sql,
    &read_gaps_sql,
    &remove_sql,
};
const struct trivet_statements trivet_change_statements =
    TRIVET_STATEMENTS(statements);
