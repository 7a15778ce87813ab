/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_value.c - values on their way to PostgreSQL and back, in its binary
 * form */
#include "store/postgres.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"

enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25
};

static int64_t
read_big_endian(const char *bytes, int len)
{
    uint64_t bits = (bytes[0] & 0x80) != 0 ? UINT64_MAX : 0;

    for (int i = 0; i < len; i++) {
        bits = bits << 8 | (unsigned char) bytes[i];
    }

    return (int64_t) bits;
}

struct trivet_value
trivet_pg_column(const PGresult *result, int at)
{
    struct trivet_value value = {.kind = TRIVET_VALUE_NULL};
    const char *bytes = PQgetvalue(result, 0, at);
    int len = PQgetlength(result, 0, at);

    if (PQgetisnull(result, 0, at) != 0) {
        return value;
    }

    switch (PQftype(result, at)) {
    case OID_BOOL:
        value.kind = TRIVET_VALUE_INTEGER;
        value.integer = bytes[0] != 0;
        return value;
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
        value.kind = TRIVET_VALUE_INTEGER;
        value.integer = read_big_endian(bytes, len);
        return value;
    case OID_BYTEA:
        value.kind = TRIVET_VALUE_BLOB;
        break;
    default:
        value.kind = TRIVET_VALUE_TEXT;
        break;
    }

    value.bytes = trivet_slice_make(bytes, (size_t) len);
    return value;
}

void
trivet_pg_fill_param(
    struct trivet_pg_params *out, size_t at, const struct trivet_value *value)
{
    out->formats[at] = 1;
    out->lens[at] = (int) value->bytes.len;
    out->values[at] =
        value->bytes.len > 0 ? (const char *) value->bytes.data : "";

    switch (value->kind) {
    case TRIVET_VALUE_INTEGER:
        for (size_t i = 0; i < 8; i++) {
            out->integers[at][i] =
                (unsigned char) ((uint64_t) value->integer >> (56 - 8 * i));
        }
        out->types[at] = OID_INT8;
        out->values[at] = (const char *) out->integers[at];
        out->lens[at] = 8;
        break;
    case TRIVET_VALUE_TEXT:
        out->types[at] = OID_TEXT;
        break;
    case TRIVET_VALUE_BLOB:
        out->types[at] = OID_BYTEA;
        break;
    case TRIVET_VALUE_NULL:
        out->types[at] = 0;
        out->values[at] = NULL;
        break;
    }
}

/* The same text has the same name on every connection, so that what is found
 * behind a pooler is what was meant. */
void
trivet_pg_name(const char *sql, char out[24])
{
    uint64_t hash = trivet_hash_add(TRIVET_HASH_START, trivet_slice_text(sql));

    (void) snprintf(out, 24, "t%016llx", (unsigned long long) hash);
}
