/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - what the files of the store share */
#ifndef TRIVET_STORE_INTERNAL_H
#define TRIVET_STORE_INTERNAL_H

#include "store/driver.h"
#include "store/noun/audit.h"
#include "store/statements.h"
#include "store/store.h"

/* Who acts through a handle. Zeroes: the operator. */
struct trivet_actor {
    bool is_gateway;
    bool has_address;
    struct trivet_address address;
};

/* The end of the audit's chain, as the open transaction has made it. */
struct trivet_audit_end {
    bool is_taken; /* from the store: others that write wait */
    struct trivet_audit_head head;
};

struct trivet_store {
    const struct trivet_driver *driver;
    void *connection;   /* NULL: closed, because a rollback failed */
    const char *notice; /* of the connection; NULL: none */
    bool is_in_transaction;
    bool has_failed; /* a statement said TRIVET_E_UNAVAILABLE, ever */
    struct trivet_actor actor;
    struct trivet_digest *digest; /* of audit.c; NULL until it is needed */
    struct trivet_audit_end end;  /* written back by the commit          */
};

/* Runs one statement. TRIVET_E_NOT_FOUND when `user` is not NULL and no row
 * came. */
TRIVET_MUST_USE enum trivet_status trivet_store_run(struct trivet_store *store,
    enum trivet_statement statement, const struct trivet_value *params,
    size_t num_params, trivet_row_fn on_row, void *user,
    struct trivet_error *err);

/* The same for a statement with one row of one number, such as RETURNING id. */
TRIVET_MUST_USE enum trivet_status trivet_store_run_for_id(
    struct trivet_store *store, enum trivet_statement statement,
    const struct trivet_value *params, size_t num_params, int64_t *out,
    struct trivet_error *err);

/* audit.c: writes the end of the chain back, if rows were added to it. */
TRIVET_MUST_USE enum trivet_status trivet_store_audit_link(
    struct trivet_store *store, struct trivet_error *err);

/* A transaction for several statements: the one that is open, or one of their
 * own. Leave what was entered, with what became of it: an own one is committed,
 * or rolled back when it failed. */
TRIVET_MUST_USE enum trivet_status trivet_store_enter(
    struct trivet_store *store, bool *out_is_own, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_leave(
    struct trivet_store *store, bool is_own, enum trivet_status status,
    struct trivet_error *err);

/* Runs a statement that changes one thing and gives its id, and appends entry
 * to the audit, both or neither. out_id may point into entry.
 * TRIVET_E_NOT_FOUND when nothing was changed. */
TRIVET_MUST_USE enum trivet_status trivet_store_change(
    struct trivet_store *store, enum trivet_statement statement,
    const struct trivet_value *params, size_t num_params, int64_t *out_id,
    const struct trivet_audit_entry *entry, int64_t now_us,
    struct trivet_error *err);

#define RUN(store, statement, params, on_row, user, err)                       \
    trivet_store_run(store, statement, params,                                 \
        sizeof(params) / sizeof((params)[0]), on_row, user, err)

#define RUN_FOR_ID(store, statement, params, out, err)                         \
    trivet_store_run_for_id(store, statement, params,                          \
        sizeof(params) / sizeof((params)[0]), out, err)

/* A statement of which trivet_store_change writes the audit's row too. */
#define CHANGE(store, statement, params, out, entry, now_us, err)              \
    trivet_store_change(store, statement, params,                              \
        sizeof(params) / sizeof((params)[0]), out, entry, now_us, err)

/* values.c: they borrow what they are given. */
struct trivet_value trivet_value_integer(int64_t integer);
struct trivet_value trivet_value_text(struct trivet_slice text);
struct trivet_value trivet_value_blob(const void *data, size_t len);
struct trivet_value trivet_value_cstring(const char *text);
struct trivet_value trivet_value_address(const struct trivet_address *address);
struct trivet_value trivet_value_digest(const unsigned char *digest);

/* Reads a column into what the caller keeps; text is cut to cap - 1. */
void trivet_column_text(
    const struct trivet_value *column, char *out, size_t cap);
void trivet_column_address(
    const struct trivet_value *column, struct trivet_address *out);
void trivet_column_key(
    const struct trivet_value *column, struct trivet_public_key *out);
void trivet_columns_server_key(
    const struct trivet_value *columns, struct trivet_server_key_row *out);
void trivet_columns_user(
    const struct trivet_value *columns, struct trivet_user *out);

#endif
