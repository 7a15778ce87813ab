/* SPDX-License-Identifier: Apache-2.0 */
/* audit_read.c - the rows of all chains of the audit log, in the order of time
 *
 * Each chain is read by itself, some rows at a time, so that chains of any
 * length need no more memory than that.
 */
#include "store/noun/audit.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/noun/audit_hash.h"
#include "store/noun/statements.h"
#include "store/row.h"
#include "store/value.h"

enum { MAX_AT_HAND = 64 };

/* A chain, and the rows of it that come next. */
struct chain {
    char name[TRIVET_MAX_CHAIN];
    int64_t read; /* the last row that was, or is to be passed over */
    bool is_read; /* there are no more                              */
    size_t num;
    size_t next;
    struct trivet_audit_row rows[MAX_AT_HAND];
};

struct trivet_audit_reader {
    struct chain **chains;
    size_t num;
    size_t cap;
    bool has_failed; /* memory ran out in a callback */
};

/* ---- chains ------------------------------------------------------------ */

struct trivet_audit_reader *
trivet_audit_reader_new(void)
{
    return calloc(1, sizeof(struct trivet_audit_reader));
}

void
trivet_audit_reader_free(struct trivet_audit_reader *reader)
{
    if (reader == NULL) {
        return;
    }

    for (size_t i = 0; i < reader->num; i++) {
        free(reader->chains[i]);
    }
    free(reader->chains);
    free(reader);
}

static struct chain *
find_chain(const struct trivet_audit_reader *reader, const char *name)
{
    for (size_t i = 0; i < reader->num; i++) {
        if (strcmp(reader->chains[i]->name, name) == 0) {
            return reader->chains[i];
        }
    }

    return NULL;
}

static bool
make_room(struct trivet_audit_reader *reader)
{
    size_t cap = reader->cap == 0 ? 8 : 2 * reader->cap;
    struct chain **chains;

    if (reader->num < reader->cap) {
        return true;
    }

    chains = realloc(reader->chains, cap * sizeof(struct chain *));
    if (chains == NULL) {
        return false;
    }

    reader->chains = chains;
    reader->cap = cap;
    return true;
}

/* NULL: out of memory. */
static struct chain *
ensure_chain(struct trivet_audit_reader *reader, const char *name)
{
    struct chain *chain = find_chain(reader, name);

    if (chain != NULL || !make_room(reader)) {
        return chain;
    }

    chain = calloc(1, sizeof *chain);
    if (chain != NULL) {
        (void) snprintf(chain->name, sizeof chain->name, "%s", name);
        reader->chains[reader->num++] = chain;
    }

    return chain;
}

enum trivet_status
trivet_audit_reader_skip(
    struct trivet_audit_reader *reader, const char *name, int64_t id)
{
    struct chain *chain = ensure_chain(reader, name);

    if (chain == NULL) {
        return TRIVET_E_MEMORY;
    }

    chain->read = id;
    return TRIVET_OK;
}

/* ---- reading some of one ------------------------------------------------ */

static const struct trivet_field fields[] = {
    FIELD(struct trivet_audit_row, id, INTEGER),
    FIELD(struct trivet_audit_row, at_us, INTEGER),
    FIELD(struct trivet_audit_row, event, TEXT),
    FIELD(struct trivet_audit_row, actor, TEXT),
    FIELD(struct trivet_audit_row, address, ADDRESS),
    FIELD(struct trivet_audit_row, user_id, INTEGER),
    FIELD(struct trivet_audit_row, api_key_id, INTEGER),
    FIELD(struct trivet_audit_row, installation_id, INTEGER),
    FIELD(struct trivet_audit_row, device_id, INTEGER),
    FIELD(struct trivet_audit_row, session_id, INTEGER),
    FIELD(struct trivet_audit_row, reason, TEXT),
    FIELD(struct trivet_audit_row, detail, TEXT),
};

static const struct trivet_statement some_sql = {.name = "audit.some",
    .sql = "SELECT " TRIVET_AUDIT_COLUMNS " FROM audit"
           " WHERE chain = $1 AND id > $2 ORDER BY id LIMIT $3"};

static void
keep_row(void *opaque, const struct trivet_value *columns)
{
    struct chain *chain = opaque;
    struct trivet_audit_row *row = &chain->rows[chain->num];

    if (chain->num == MAX_AT_HAND) {
        return;
    }

    READ(fields, columns, row);
    row->has_address = columns[COLUMN_ADDRESS].bytes.len > 0;
    row->chain = chain->name;
    chain->read = row->id;
    chain->num++;
}

static enum trivet_status
ensure_row(
    struct trivet_store *store, struct chain *chain, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_cstring(chain->name),
        trivet_value_integer(chain->read), trivet_value_integer(MAX_AT_HAND)};

    if (chain->next < chain->num || chain->is_read) {
        return TRIVET_OK;
    }

    chain->num = 0;
    chain->next = 0;
    TRIVET_TRY(LIST(store, &some_sql, params, keep_row, chain, err));

    chain->is_read = chain->num < MAX_AT_HAND;
    return TRIVET_OK;
}

/* ---- reading all -------------------------------------------------------- */

static const struct trivet_statement chains_sql = {.name = "audit.chains",
    .sql = TRIVET_AUDIT_CHAINS "SELECT chain FROM of_rows WHERE chain IS NOT"
                               " NULL ORDER BY 1"};

static void
keep_chain(void *opaque, const struct trivet_value *columns)
{
    struct trivet_audit_reader *reader = opaque;
    char name[TRIVET_MAX_CHAIN];
    struct trivet_slice text = columns[0].bytes;
    struct chain *chain;

    (void) snprintf(name, sizeof name, "%.*s", (int) text.len, text.data);
    chain = ensure_chain(reader, name);
    if (chain == NULL) {
        reader->has_failed = true;
        return;
    }
    chain->is_read = false;
}

/* The chain whose next row comes first; NULL: there is no more. Rows of one
 * chain stay in their order, whatever the clock did. */
static struct chain *
find_first(const struct trivet_audit_reader *reader)
{
    struct chain *first = NULL;

    for (size_t i = 0; i < reader->num; i++) {
        struct chain *chain = reader->chains[i];

        if (chain->next < chain->num
            && (first == NULL
                || chain->rows[chain->next].at_us
                       < first->rows[first->next].at_us))
        {
            first = chain;
        }
    }

    return first;
}

static enum trivet_status
ensure_rows(struct trivet_store *store, struct trivet_audit_reader *reader,
    struct trivet_error *err)
{
    for (size_t i = 0; i < reader->num; i++) {
        TRIVET_TRY(ensure_row(store, reader->chains[i], err));
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_store_audit_read(struct trivet_store *store,
    struct trivet_audit_reader *reader, trivet_audit_fn on_row, void *user,
    struct trivet_error *err)
{
    struct chain *chain;

    TRIVET_TRY(trivet_store_list(
        store, &chains_sql, NULL, 0, keep_chain, reader, err));
    if (reader->has_failed) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "store.audit", "out of memory");
    }

    TRIVET_TRY(ensure_rows(store, reader, err));
    while ((chain = find_first(reader)) != NULL) {
        on_row(user, &chain->rows[chain->next++]);
        TRIVET_TRY(ensure_row(store, chain, err));
    }

    return TRIVET_OK;
}

/* ---- a page ------------------------------------------------------------- */

static const struct trivet_statement older_sql = {.name = "audit.older",
    .sql = "SELECT " TRIVET_AUDIT_COLUMNS " FROM audit"
           " WHERE chain = $1 AND id < $2 ORDER BY id DESC LIMIT $3"};

struct page {
    const char *chain;
    trivet_audit_fn on_row;
    void *user;
};

static void
give_row(void *opaque, const struct trivet_value *columns)
{
    const struct page *page = opaque;
    struct trivet_audit_row row = {.chain = page->chain};

    READ(fields, columns, &row);
    row.has_address = columns[COLUMN_ADDRESS].bytes.len > 0;
    page->on_row(page->user, &row);
}

enum trivet_status
trivet_store_audit_search(struct trivet_store *store, const char *chain,
    const struct trivet_page *page, trivet_audit_fn on_row, void *user,
    struct trivet_error *err)
{
    bool is_newer = page->newer_id >= 0;
    int64_t edge = is_newer ? page->newer_id : page->older_id;
    const struct trivet_statement *statement =
        is_newer ? &some_sql : &older_sql;
    const struct trivet_value params[] = {trivet_value_cstring(chain),
        trivet_value_integer(edge), trivet_value_integer(page->count)};
    struct page list = {.chain = chain, .on_row = on_row, .user = user};

    return LIST(store, statement, params, give_row, &list, err);
}

struct names {
    void (*on_chain)(void *user, const char *name);
    void *user;
};

static void
give_name(void *opaque, const struct trivet_value *columns)
{
    const struct names *names = opaque;
    struct trivet_slice text = columns[0].bytes;
    char name[TRIVET_MAX_CHAIN];

    (void) snprintf(name, sizeof name, "%.*s", (int) text.len, text.data);
    names->on_chain(names->user, name);
}

enum trivet_status
trivet_store_audit_chains(struct trivet_store *store,
    void (*on_chain)(void *user, const char *name), void *user,
    struct trivet_error *err)
{
    struct names names = {.on_chain = on_chain, .user = user};

    return trivet_store_list(
        store, &chains_sql, NULL, 0, give_name, &names, err);
}

static const struct trivet_statement *const statements[] = {
    &some_sql,
    &older_sql,
    &chains_sql,
};
const struct trivet_statements trivet_audit_read_statements =
    TRIVET_STATEMENTS(statements);
