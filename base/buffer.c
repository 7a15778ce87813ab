/* SPDX-License-Identifier: Apache-2.0 */
/* buffer.c - owned bytes that grow up to a maximum and are wiped when freed */
#include "base/buffer.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/secret.h"

enum { FIRST_CAP = 256 /* bytes */ };

struct trivet_buffer
trivet_buffer_make(size_t max)
{
    return (struct trivet_buffer){.max = max};
}

/* At least wanted, at most max (wanted <= max): twice as much as before, so
 * that appending byte by byte moves each byte a few times only. */
static size_t
choose_cap(const struct trivet_buffer *buffer, size_t wanted)
{
    size_t cap = buffer->cap < FIRST_CAP ? FIRST_CAP : buffer->cap;

    if (cap < wanted) {
        cap = wanted / 2 < cap ? cap * 2 : wanted;
    }

    return cap < buffer->max ? cap : buffer->max;
}

/* Not realloc: it would leave a copy of the bytes behind, not wiped. */
static enum trivet_status
move_to(struct trivet_buffer *buffer, size_t cap)
{
    char *data;

    if (cap >= PTRDIFF_MAX) { /* no object is as large */
        return TRIVET_E_MEMORY;
    }

    data = malloc(cap + 1);
    if (data == NULL) {
        return TRIVET_E_MEMORY;
    }

    if (buffer->data != NULL) {
        memcpy(data, buffer->data, buffer->len);
        trivet_wipe(buffer->data, buffer->cap + 1);
        free(buffer->data);
    }

    data[buffer->len] = '\0';
    buffer->data = data;
    buffer->cap = cap;
    return TRIVET_OK;
}

enum trivet_status
trivet_buffer_reserve(struct trivet_buffer *buffer, size_t num_bytes)
{
    if (num_bytes > buffer->max - buffer->len) {
        return TRIVET_E_LIMIT;
    }
    if (buffer->data != NULL && num_bytes <= buffer->cap - buffer->len) {
        return TRIVET_OK;
    }

    return move_to(buffer, choose_cap(buffer, buffer->len + num_bytes));
}

enum trivet_status
trivet_buffer_append(struct trivet_buffer *buffer, struct trivet_slice bytes)
{
    TRIVET_TRY(trivet_buffer_reserve(buffer, bytes.len));

    if (bytes.len > 0) {
        memcpy(buffer->data + buffer->len, bytes.data, bytes.len);
    }
    buffer->len += bytes.len;
    buffer->data[buffer->len] = '\0';
    return TRIVET_OK;
}

void
trivet_buffer_cut(struct trivet_buffer *buffer, size_t len)
{
    if (buffer->data == NULL) {
        return;
    }

    trivet_wipe(buffer->data + len, buffer->len - len);
    buffer->data[len] = '\0';
    buffer->len = len;
}

void
trivet_buffer_free(struct trivet_buffer *buffer)
{
    if (buffer->data != NULL) {
        trivet_wipe(buffer->data, buffer->cap + 1);
        free(buffer->data);
    }

    *buffer = (struct trivet_buffer){0};
}

struct trivet_slice
trivet_buffer_slice(const struct trivet_buffer *buffer)
{
    return trivet_slice_make(buffer->data, buffer->len);
}
