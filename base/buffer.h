/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buffer.h - owned bytes that grow up to a maximum and are wiped when freed
 *
 * The one type for memory whose size is known only at run time: a message's
 * body, a file's text. A zeroed buffer is empty and may hold nothing; freeing
 * it does nothing. Growing moves the bytes and wipes where they were. One
 * thread at a time.
 */
#ifndef TRIVET_BASE_BUFFER_H
#define TRIVET_BASE_BUFFER_H

#include "base/slice.h"
#include "trivet/status.h"

struct trivet_buffer {
    char *data; /* len bytes and a NUL; NULL: no memory was needed yet */
    size_t len;
    size_t cap; /* bytes that fit without growing, not counting the NUL */
    size_t max; /* the most that it may ever hold */
};

/* An empty buffer for at most max bytes. No memory yet. */
struct trivet_buffer trivet_buffer_make(size_t max);

/*
 * Makes room for num_bytes more behind the content: they may then be written
 * at data + len by the caller, who adds them to len and keeps the NUL.
 *
 * TRIVET_E_LIMIT   content and num_bytes are more than max.
 * TRIVET_E_MEMORY  out of memory.
 * On failure the buffer is as it was.
 */
TRIVET_MUST_USE enum trivet_status trivet_buffer_reserve(
    struct trivet_buffer *buffer, size_t num_bytes);

/* Adds bytes behind the content. Errors: those of trivet_buffer_reserve. */
TRIVET_MUST_USE enum trivet_status trivet_buffer_append(
    struct trivet_buffer *buffer, struct trivet_slice bytes);

/* Keeps the first len bytes (len <= buffer->len) and wipes the rest. */
void trivet_buffer_cut(struct trivet_buffer *buffer, size_t len);

/* Wipes and frees; the buffer is zeroed then. */
void trivet_buffer_free(struct trivet_buffer *buffer);

/* The content: lives until the buffer grows, is cut or freed. */
struct trivet_slice trivet_buffer_slice(const struct trivet_buffer *buffer);

#endif
