/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row.h - rows of a statement, read into structures
 *
 * A noun has one macro with its columns, for every SELECT of it, and one table
 * of fields in the same order. trivet_row_read goes by the table.
 */
#ifndef TRIVET_STORE_ROW_H
#define TRIVET_STORE_ROW_H

#include <stddef.h>

#include "core/page.h"
#include "store/statement.h"

enum trivet_field_kind {
    TRIVET_FIELD_INTEGER, /* int64_t; NULL is 0                           */
    TRIVET_FIELD_FLAG,    /* bool; true unless 0 or NULL                  */
    TRIVET_FIELD_ENUM,    /* size values; any other number is 0           */
    TRIVET_FIELD_TEXT,    /* char[size], cut to size - 1, NUL-terminated  */
    TRIVET_FIELD_BYTES,   /* size bytes; all 0 when it has another length */
    TRIVET_FIELD_ADDRESS, /* struct trivet_address; likewise              */
    TRIVET_FIELD_KEY      /* struct trivet_public_key; der_len 0 when it
                             does not fit: no signature is right then    */
};

/* Where a column goes in the structure. */
struct trivet_field {
    enum trivet_field_kind kind;
    size_t offset;
    size_t size;
};

/* A field of struct type; its size is the member's. */
#define FIELD(type, member, field_kind)                                        \
    {                                                                          \
        .kind = TRIVET_FIELD_##field_kind, .offset = offsetof(type, member),   \
        .size = sizeof(((type *) NULL)->member)                                \
    }
#define FIELD_ENUM(type, member, num)                                          \
    {                                                                          \
        .kind = TRIVET_FIELD_ENUM, .offset = offsetof(type, member),           \
        .size = (num)                                                          \
    }

/* Zeroes nothing: members of out that have no field stay. */
void trivet_row_read(const struct trivet_field *fields, size_t num_fields,
    const struct trivet_value *columns, void *out);

/* Runs a statement whose first row is read into out; later rows are ignored.
 * TRIVET_E_NOT_FOUND when there is none; out is untouched then. */
TRIVET_MUST_USE enum trivet_status trivet_store_get(struct trivet_store *store,
    const struct trivet_statement *statement, const struct trivet_value *params,
    size_t num_params, const struct trivet_field *fields, size_t num_fields,
    void *out, struct trivet_error *err);

/* Runs a statement that gives a list. on_row: called with user, once a row. An
 * empty list is not a failure. */
TRIVET_MUST_USE enum trivet_status trivet_store_list(struct trivet_store *store,
    const struct trivet_statement *statement, const struct trivet_value *params,
    size_t num_params, trivet_row_fn on_row, void *user,
    struct trivet_error *err);

/* Runs a statement made with PAGE. Clears seen; on_row is to call
 * trivet_row_see for each row. An empty page is not a failure. */
TRIVET_MUST_USE enum trivet_status trivet_store_page(struct trivet_store *store,
    const struct trivet_statement *statement, int64_t owner,
    const struct trivet_page *page, trivet_row_fn on_row, void *user,
    struct trivet_page_seen *seen, struct trivet_error *err);

/* ends: the two columns behind the row's own. */
void trivet_row_see(
    struct trivet_page_seen *seen, int64_t id, const struct trivet_value *ends);

#define READ(fields, columns, out)                                             \
    trivet_row_read(fields, sizeof(fields) / sizeof((fields)[0]), columns, out)
#define GET(store, statement, params, fields, out, err)                        \
    trivet_store_get(store, statement, params,                                 \
        sizeof(params) / sizeof((params)[0]), fields,                          \
        sizeof(fields) / sizeof((fields)[0]), out, err)
#define LIST(store, statement, params, on_row, user, err)                      \
    trivet_store_list(store, statement, params,                                \
        sizeof(params) / sizeof((params)[0]), on_row, user, err)

/*
 * The text of a statement that gives a page of a list, newest first, and the
 * oldest and newest id of the whole list behind its columns. $1 owner, $2
 * newer_id, $3 older_id, $4 whether those that follow newer_id are wanted, $5
 * how many. All by an index of the owner: no more than the page is read, and of
 * one item no more than that.
 */
#define PAGE_OWNED(table, owner) " FROM " table " WHERE " owner " = $1"
#define PAGE(row, columns, from, table, owner)                                 \
    "SELECT " columns ", (SELECT MAX(id)" PAGE_OWNED(table,                    \
        owner) "), "                                                           \
               "(SELECT MIN(id)" PAGE_OWNED(table,                             \
                   owner) ") FROM " from " WHERE " row "." owner               \
                          " = $1 AND " row ".id > $2"                          \
                          " AND " row                                          \
                          ".id <= CASE WHEN $4 <> 0 THEN (SELECT MAX(id) FROM" \
                          " (SELECT id" PAGE_OWNED(table,                      \
                              owner) " AND id > $2 AND id < $3"                \
                                     " ORDER BY id LIMIT $5) AS following) "   \
                                     "ELSE $3 - 1 END"                         \
                                     " ORDER BY " row ".id DESC LIMIT $5"

#endif
