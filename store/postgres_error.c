/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_error.c - what a failure of PostgreSQL means, by its SQLSTATE */
#include "store/postgres.h"

#include <stdio.h>
#include <string.h>

#include "store/again.h"

struct rule {
    const char *prefix; /* two characters: a class; five: one state */
    enum trivet_pg_failure failure;
};

/* The first that fits counts. */
static const struct rule rules[] = {
    {"40001", TRIVET_PG_AGAIN}, /* serialisation */
    {"40P01", TRIVET_PG_BUSY},  /* deadlock      */
    {"55P03", TRIVET_PG_BUSY},  /* a row was held for too long */
    {"40003", TRIVET_PG_LOST},  /* it is not known whether it was done */
    {"25006", TRIVET_PG_LOST},  /* read only: a standby, after a fail-over */
    {"26000", TRIVET_PG_STATEMENT},
    {"42P05", TRIVET_PG_STATEMENT},
    {"42P01", TRIVET_PG_SCHEMA}, /* table    */
    {"42703", TRIVET_PG_SCHEMA}, /* column   */
    {"42883", TRIVET_PG_SCHEMA}, /* function */
    {"3F000", TRIVET_PG_SCHEMA}, /* schema   */
    {"42501", TRIVET_PG_ROLE},
    {"57014", TRIVET_PG_OTHER}, /* the server's own statement_timeout */
    {"08", TRIVET_PG_LOST},
    {"57P", TRIVET_PG_LOST},   /* shut down, starting, terminated */
    {"25P03", TRIVET_PG_LOST}, /* idle in a transaction for too long */
    {"22", TRIVET_PG_VALUE},
    {"54", TRIVET_PG_VALUE},
    {"23", TRIVET_PG_CONFLICT},
};

enum trivet_pg_failure
trivet_pg_classify(const char *sqlstate)
{
    if (sqlstate == NULL) {
        return TRIVET_PG_LOST;
    }

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (strncmp(sqlstate, rules[i].prefix, strlen(rules[i].prefix)) == 0) {
            return rules[i].failure;
        }
    }

    return TRIVET_PG_OTHER;
}

enum trivet_status
trivet_pg_status(enum trivet_pg_failure failure)
{
    switch (failure) {
    case TRIVET_PG_CONFLICT:
        return TRIVET_E_CONFLICT;
    case TRIVET_PG_VALUE:
        return TRIVET_E_LIMIT;
    case TRIVET_PG_BUSY:
        return TRIVET_E_AGAIN;
    case TRIVET_PG_OTHER:
    case TRIVET_PG_AGAIN:
    case TRIVET_PG_LOST:
    case TRIVET_PG_STATEMENT:
    case TRIVET_PG_SCHEMA:
    case TRIVET_PG_ROLE:
        break;
    }

    return TRIVET_E_UNAVAILABLE;
}

static const char *
advice(enum trivet_pg_failure failure)
{
    switch (failure) {
    case TRIVET_PG_SCHEMA:
        return " (not a store of this trivet: trivet store migrate makes one)";
    case TRIVET_PG_ROLE:
        return " (trivet store roles prints the rights that are needed)";
    case TRIVET_PG_OTHER:
    case TRIVET_PG_CONFLICT:
    case TRIVET_PG_VALUE:
    case TRIVET_PG_AGAIN:
    case TRIVET_PG_BUSY:
    case TRIVET_PG_LOST:
    case TRIVET_PG_STATEMENT:
        break;
    }

    return "";
}

/* Which row of many, as "COPY device, line 2, column address"; no value of it.
 * len: of its one line; 0: it was no such row. */
static const char *
place_in_copy(const PGresult *result, size_t *out_len)
{
    const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
    const bool is_place = context != NULL && strncmp(context, "COPY ", 5) == 0;

    *out_len = is_place ? strcspn(context, "\n") : 0;
    return is_place ? context : "";
}

enum trivet_status
trivet_pg_fail(const struct trivet_pg_target *target, const PGresult *result,
    const char *where, struct trivet_error *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    enum trivet_pg_failure failure = trivet_pg_classify(state);
    size_t len;
    const char *place = place_in_copy(result, &len);
    const char *between = len > 0 ? "; " : "";

    if (text == NULL) {
        text = "no answer";
    }
    if (failure == TRIVET_PG_AGAIN || failure == TRIVET_PG_BUSY) {
        where = TRIVET_STORE_AGAIN;
    }

    return trivet_error_set(err, trivet_pg_status(failure), where,
        "%s: %s%s%.*s%s", target->name, text, between, (int) len, place,
        advice(failure));
}

/* libpq's text has a line for each attempt and ends with a newline. */
enum trivet_status
trivet_pg_fail_connection(const struct trivet_pg_target *target,
    const PGconn *conn, const char *where, struct trivet_error *err)
{
    char text[TRIVET_MAX_ERROR_DETAIL];
    const char *from = PQerrorMessage(conn);
    size_t len = 0;

    for (; *from != '\0' && len + 1 < sizeof text; from++) {
        if (*from != '\n') {
            text[len++] = *from == '\t' ? ' ' : *from;
        } else if (from[1] != '\0' && len + 2 < sizeof text) {
            text[len++] = ';';
            text[len++] = ' ';
        }
    }
    if (len == 0) {
        len = (size_t) snprintf(text, sizeof text, "the connection was lost");
    }
    text[len] = '\0';

    return trivet_error_set(
        err, TRIVET_E_UNAVAILABLE, where, "%s: %s", target->name, text);
}
