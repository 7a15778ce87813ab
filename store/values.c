/* SPDX-License-Identifier: Apache-2.0 */
/* values.c - what goes into a statement, and what comes out of its rows */
#include "store/internal.h"

struct trivet_value
trivet_value_integer(int64_t integer)
{
    return (struct trivet_value){
        .kind = TRIVET_VALUE_INTEGER, .integer = integer};
}

struct trivet_value
trivet_value_text(struct trivet_slice text)
{
    return (struct trivet_value){.kind = TRIVET_VALUE_TEXT, .bytes = text};
}

struct trivet_value
trivet_value_blob(const void *data, size_t len)
{
    return (struct trivet_value){
        .kind = TRIVET_VALUE_BLOB, .bytes = trivet_slice_make(data, len)};
}

struct trivet_value
trivet_value_cstring(const char *text)
{
    return trivet_value_text(trivet_slice_text(text));
}

struct trivet_value
trivet_value_address(const struct trivet_address *address)
{
    return trivet_value_blob(address->bytes, sizeof address->bytes);
}

struct trivet_value
trivet_value_digest(const unsigned char *digest)
{
    return trivet_value_blob(digest, TRIVET_DIGEST_LEN);
}

void
trivet_column_text(const struct trivet_value *column, char *out, size_t cap)
{
    size_t len = column->bytes.len < cap ? column->bytes.len : cap - 1;

    if (len > 0) {
        memcpy(out, column->bytes.data, len);
    }
    out[len] = '\0';
}

void
trivet_column_address(
    const struct trivet_value *column, struct trivet_address *out)
{
    memset(out, 0, sizeof *out);
    if (column->bytes.len == sizeof out->bytes) {
        memcpy(out->bytes, column->bytes.data, sizeof out->bytes);
    }
}

void
trivet_column_key(
    const struct trivet_value *column, struct trivet_public_key *out)
{
    out->der_len = 0; /* a key that fits nothing */
    if (column->bytes.len > 0 && column->bytes.len <= sizeof out->der) {
        memcpy(out->der, column->bytes.data, column->bytes.len);
        out->der_len = column->bytes.len;
    }
}
