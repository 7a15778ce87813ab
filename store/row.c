/* SPDX-License-Identifier: Apache-2.0 */
/* row.c - rows of a statement, read into structures */
#include "store/row.h"

#include "core/address.h"
#include "crypto/key.h"
#include "store/value.h"

/* ---- fields ------------------------------------------------------------ */

static void
read_integer(const struct trivet_value *column, size_t size, void *out)
{
    (void) size;

    *(int64_t *) out = column->integer;
}

static void
read_flag(const struct trivet_value *column, size_t size, void *out)
{
    (void) size;

    *(bool *) out = column->integer != 0;
}

static void
read_enum(const struct trivet_value *column, size_t num_values, void *out)
{
    bool is_known =
        column->integer >= 0 && column->integer < (int64_t) num_values;

    *(unsigned *) out = is_known ? (unsigned) column->integer : 0;
}

static void
read_text(const struct trivet_value *column, size_t size, void *out)
{
    size_t len = column->bytes.len < size ? column->bytes.len : size - 1;
    char *text = out;

    if (len > 0) {
        memcpy(text, column->bytes.data, len);
    }
    text[len] = '\0';
}

static void
read_bytes(const struct trivet_value *column, size_t size, void *out)
{
    memset(out, 0, size);
    if (column->bytes.len == size) {
        memcpy(out, column->bytes.data, size);
    }
}

static void
read_address(const struct trivet_value *column, size_t size, void *out)
{
    struct trivet_address *address = out;

    (void) size;

    read_bytes(column, sizeof address->bytes, address->bytes);
}

static void
read_key(const struct trivet_value *column, size_t size, void *out)
{
    struct trivet_public_key *key = out;

    (void) size;

    key->der_len = 0;
    if (column->bytes.len > 0 && column->bytes.len <= sizeof key->der) {
        memcpy(key->der, column->bytes.data, column->bytes.len);
        key->der_len = column->bytes.len;
    }
}

typedef void (*read_fn)(
    const struct trivet_value *column, size_t size, void *out);

static const read_fn readers[] = {
    [TRIVET_FIELD_INTEGER] = read_integer,
    [TRIVET_FIELD_FLAG] = read_flag,
    [TRIVET_FIELD_ENUM] = read_enum,
    [TRIVET_FIELD_TEXT] = read_text,
    [TRIVET_FIELD_BYTES] = read_bytes,
    [TRIVET_FIELD_ADDRESS] = read_address,
    [TRIVET_FIELD_KEY] = read_key,
};

void
trivet_row_read(const struct trivet_field *fields, size_t num_fields,
    const struct trivet_value *columns, void *out)
{
    for (size_t i = 0; i < num_fields; i++) {
        readers[fields[i].kind](
            &columns[i], fields[i].size, (char *) out + fields[i].offset);
    }
}

/* ---- one, all, a page -------------------------------------------------- */

struct first_row {
    const struct trivet_field *fields;
    size_t num_fields;
    void *out;
    bool is_read;
};

static void
read_first(void *opaque, const struct trivet_value *columns)
{
    struct first_row *first = opaque;

    if (!first->is_read) {
        trivet_row_read(first->fields, first->num_fields, columns, first->out);
        first->is_read = true;
    }
}

enum trivet_status
trivet_store_get(struct trivet_store *store,
    const struct trivet_statement *statement, const struct trivet_value *params,
    size_t num_params, const struct trivet_field *fields, size_t num_fields,
    void *out, struct trivet_error *err)
{
    struct first_row first = {
        .fields = fields, .num_fields = num_fields, .out = out};

    return trivet_store_run(
        store, statement, params, num_params, read_first, &first, err);
}

enum trivet_status
trivet_store_list(struct trivet_store *store,
    const struct trivet_statement *statement, const struct trivet_value *params,
    size_t num_params, trivet_row_fn on_row, void *user,
    struct trivet_error *err)
{
    enum trivet_status status = trivet_store_run(
        store, statement, params, num_params, on_row, user, err);

    return status == TRIVET_E_NOT_FOUND ? TRIVET_OK : status;
}

enum trivet_status
trivet_store_page(struct trivet_store *store,
    const struct trivet_statement *statement, int64_t owner,
    const struct trivet_page *page, trivet_row_fn on_row, void *user,
    struct trivet_page_seen *seen, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(owner),
        trivet_value_integer(page->newer_id),
        trivet_value_integer(page->older_id),
        trivet_value_integer(page->newer_id >= 0),
        trivet_value_integer(page->count)};

    memset(seen, 0, sizeof *seen);

    return LIST(store, statement, params, on_row, user, err);
}

void
trivet_row_see(
    struct trivet_page_seen *seen, int64_t id, const struct trivet_value *ends)
{
    seen->newest_id = ends[0].integer;
    seen->oldest_id = ends[1].integer;
    trivet_page_see(seen, id);
}
