/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admission.h - what an admission needs of a session, in one row
 *
 * The schema's triggers keep the rows (store/schema/sqlite/0014-admission.sql).
 * A row only says what may pass: whatever it does not say is looked up where
 * it comes from. Failures and threads: as store.h.
 */
#ifndef TRIVET_STORE_NOUN_ADMISSION_H
#define TRIVET_STORE_NOUN_ADMISSION_H

#include "store/noun/session.h"

enum { TRIVET_MAX_ADMISSION_ADDRESSES = 8 };

/* A row: a session that may pass, from some addresses. */
struct trivet_admission_row {
    struct trivet_session session; /* without is_address_permitted */
    bool allows_all_addresses;
    size_t num_addresses;
    struct trivet_address addresses[TRIVET_MAX_ADMISSION_ADDRESSES];
};

/* Whether the row says that address is permitted; there may be others that it
 * does not name. */
bool trivet_admission_row_permits(const struct trivet_admission_row *row,
    const struct trivet_address *address);

/* The one look-up of every protected call: trivet_store_session_find, by one
 * row where that is enough. created_us and ended_us are 0 then, and *out_row
 * (NULL: not wanted) is that row; else its session's id is 0. */
TRIVET_MUST_USE enum trivet_status trivet_store_admission_find(
    struct trivet_store *store,
    const unsigned char token_digest[TRIVET_DIGEST_LEN],
    const struct trivet_address *address, struct trivet_session *out,
    struct trivet_admission_row *out_row, struct trivet_error *err);

enum trivet_admission_fault {
    TRIVET_ADMISSION_DIFFERS, /* the row says something else than the tables */
    TRIVET_ADMISSION_STALE,   /* there is a row, and should be none          */
    TRIVET_ADMISSION_MISSING  /* there is none: found by the tables alone    */
};

/* Called once for each fault, with the session's id. */
typedef void (*trivet_admission_fault_fn)(
    void *user, enum trivet_admission_fault fault, int64_t session_id);

/* Compares every row with what the tables say, as they are at one moment.
 * *out_num_rows: how many rows there are. Reads the whole store. */
TRIVET_MUST_USE enum trivet_status trivet_store_admission_check(
    struct trivet_store *store, trivet_admission_fault_fn on_fault, void *user,
    int64_t *out_num_rows, struct trivet_error *err);

#endif
