/* SPDX-License-Identifier: Apache-2.0 */
/* pem.c - PEM text as programs really write it, put into its strict form */
#include "core/pem.h"

#include <stdio.h>

enum { COLUMNS = 64 };

static const char begin_mark[] = "-----BEGIN ";
static const char mark_end[] = "-----";

/* The label behind "-----BEGIN ", and what follows its mark. */
static bool
split_begin(struct trivet_slice text, struct trivet_slice *label,
    struct trivet_slice *rest)
{
    struct trivet_slice t;

    if (!trivet_slice_starts_with(text, begin_mark)) {
        return false;
    }

    t = trivet_slice_after(text, sizeof begin_mark - 1);
    for (size_t i = 0; i < t.len && i <= TRIVET_MAX_PEM_LABEL; i++) {
        if (t.data[i] == '-') {
            *label = trivet_slice_make(t.data, i);
            *rest = trivet_slice_after(t, i);
            break;
        }
        if (t.data[i] < ' ' || t.data[i] > '~') {
            break; /* no byte of a label: a NUL would cut it off */
        }
    }

    if (label->len == 0 || !trivet_slice_starts_with(*rest, mark_end)) {
        return false;
    }

    *rest = trivet_slice_after(*rest, sizeof mark_end - 1);
    return true;
}

static void
put_mark(struct trivet_writer *out, const char *word, struct trivet_slice label)
{
    trivet_writer_put_text(out, "-----");
    trivet_writer_put_text(out, word);
    trivet_writer_put_byte(out, ' ');
    trivet_writer_put(out, label);
    trivet_writer_put_text(out, "-----\n");
}

enum trivet_status
trivet_pem_rewrap(struct trivet_slice text, struct trivet_writer *out)
{
    struct trivet_slice label = {NULL, 0};
    struct trivet_slice body = {NULL, 0};
    char end[TRIVET_MAX_PEM_LABEL + 16];
    size_t column = 0;
    int end_len;

    if (!split_begin(trivet_slice_trim(text), &label, &body)) {
        return TRIVET_E_MALFORMED;
    }

    end_len = snprintf(end, sizeof end, "-----END %.*s-----", (int) label.len,
        (const char *) label.data);
    if (body.len < (size_t) end_len
        || !trivet_slice_is(
            trivet_slice_after(body, body.len - (size_t) end_len), end))
    {
        return TRIVET_E_MALFORMED;
    }
    body.len -= (size_t) end_len;

    put_mark(out, "BEGIN", label);
    for (size_t i = 0; i < body.len; i++) {
        unsigned char c = body.data[i];

        if (c == '\n' || c == '\r' || c == ' ' || c == '\t') {
            continue;
        }

        trivet_writer_put_byte(out, c);
        if (++column % COLUMNS == 0) {
            trivet_writer_put_byte(out, '\n');
        }
    }
    if (column % COLUMNS != 0) {
        trivet_writer_put_byte(out, '\n');
    }
    put_mark(out, "END", label);

    return out->overflowed ? TRIVET_E_LIMIT : TRIVET_OK;
}
