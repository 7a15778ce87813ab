/* SPDX-License-Identifier: Apache-2.0 */
/* value.c - values that go into a statement */
#include "store/value.h"

#include "crypto/digest.h"

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
