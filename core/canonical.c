/* SPDX-License-Identifier: Apache-2.0 */
/* canonical.c - the exact bytes that each signature scheme signs */
#include "core/canonical.h"

#include <stdio.h>

#include "core/field_names.h"

struct signed_field {
    char name[TRIVET_MAX_CANONICAL_NAME]; /* as it is written */
    size_t name_len;
    struct trivet_slice value;
};

/* "x-bunq-client-request-id" -> "X-Bunq-Client-Request-Id" */
static void
capitalise(struct trivet_slice name, char *out)
{
    bool at_start = true;

    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = name.data[i];

        if (at_start && c >= 'a' && c <= 'z') {
            c = (unsigned char) (c & ~0x20);
        }
        if (!at_start && c >= 'A' && c <= 'Z') {
            c = (unsigned char) (c | 0x20);
        }

        out[i] = (char) c;
        at_start = c == '-';
    }
}

static int
compare_names(const struct signed_field *a, const struct signed_field *b)
{
    size_t len = a->name_len < b->name_len ? a->name_len : b->name_len;
    int order = memcmp(a->name, b->name, len);

    if (order != 0) {
        return order;
    }

    return (a->name_len > b->name_len) - (a->name_len < b->name_len);
}

static bool
is_named(struct trivet_slice name, const char *text)
{
    return trivet_slice_equal_nocase(name, trivet_slice_text(text));
}

static bool
is_signed(struct trivet_slice name, bool is_request)
{
    static const char prefix[] = TRIVET_FIELD_PREFIX;
    size_t prefix_len = sizeof prefix - 1;
    const char *signature = is_request ? TRIVET_FIELD_CLIENT_SIGNATURE
                                       : TRIVET_FIELD_SERVER_SIGNATURE;

    if (is_request
        && (is_named(name, "Cache-Control") || is_named(name, "User-Agent")))
    {
        return true;
    }

    return name.len > prefix_len
           && is_named(trivet_slice_make(name.data, prefix_len), prefix)
           && !is_named(name, signature);
}

/* Puts one field where it belongs among the num that are sorted already. */
static void
insert_sorted(
    struct signed_field *sorted, size_t num, const struct signed_field *field)
{
    size_t at = num;

    while (at > 0 && compare_names(&sorted[at - 1], field) > 0) {
        sorted[at] = sorted[at - 1];
        at--;
    }

    sorted[at] = *field;
}

static enum trivet_status
put_fields(const struct trivet_field *fields, size_t num_fields,
    bool is_request, struct trivet_writer *out)
{
    struct signed_field sorted[TRIVET_MAX_CANONICAL_FIELDS];
    size_t num = 0;

    for (size_t i = 0; i < num_fields; i++) {
        struct signed_field field = {.value = fields[i].value};

        if (!is_signed(fields[i].name, is_request)) {
            continue;
        }

        if (num == TRIVET_MAX_CANONICAL_FIELDS
            || fields[i].name.len > sizeof field.name)
        {
            return TRIVET_E_LIMIT;
        }

        capitalise(fields[i].name, field.name);
        field.name_len = fields[i].name.len;
        insert_sorted(sorted, num++, &field);
    }

    for (size_t i = 0; i < num; i++) {
        trivet_writer_put(
            out, trivet_slice_make(sorted[i].name, sorted[i].name_len));
        trivet_writer_put_text(out, ": ");
        trivet_writer_put(out, sorted[i].value);
        trivet_writer_put_byte(out, '\n');
    }

    trivet_writer_put_byte(out, '\n');

    return out->overflowed ? TRIVET_E_LIMIT : TRIVET_OK;
}

enum trivet_status
trivet_canonical_request_head(enum trivet_scheme scheme,
    struct trivet_slice method, struct trivet_slice target,
    const struct trivet_field *fields, size_t num_fields,
    struct trivet_writer *out)
{
    if (scheme == TRIVET_SCHEME_BODY) {
        return TRIVET_OK;
    }

    trivet_writer_put(out, method);
    trivet_writer_put_byte(out, ' ');
    trivet_writer_put(out, target);
    trivet_writer_put_byte(out, '\n');

    return put_fields(fields, num_fields, true, out);
}

enum trivet_status
trivet_canonical_response_head(enum trivet_scheme scheme, unsigned status,
    const struct trivet_field *fields, size_t num_fields,
    struct trivet_writer *out)
{
    char line[16];

    if (scheme == TRIVET_SCHEME_BODY) {
        return TRIVET_OK;
    }

    (void) snprintf(line, sizeof line, "%u\n", status);
    trivet_writer_put_text(out, line);

    return put_fields(fields, num_fields, false, out);
}
