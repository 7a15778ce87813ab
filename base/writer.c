/* SPDX-License-Identifier: Apache-2.0 */
/* writer.c - bytes out, into memory that the caller gives */
#include "base/writer.h"

struct trivet_writer
trivet_writer_make(void *data, size_t cap)
{
    return (struct trivet_writer){.data = data, .cap = cap};
}

void
trivet_writer_put(struct trivet_writer *writer, struct trivet_slice bytes)
{
    if (writer->overflowed || bytes.len > writer->cap - writer->len) {
        writer->overflowed = true;
        return;
    }

    if (bytes.len > 0) {
        memcpy(writer->data + writer->len, bytes.data, bytes.len);
        writer->len += bytes.len;
    }
}

void
trivet_writer_put_text(struct trivet_writer *writer, const char *text)
{
    trivet_writer_put(writer, trivet_slice_text(text));
}

void
trivet_writer_put_byte(struct trivet_writer *writer, unsigned char byte)
{
    trivet_writer_put(writer, trivet_slice_make(&byte, 1));
}

struct trivet_slice
trivet_writer_slice(const struct trivet_writer *writer)
{
    return trivet_slice_make(writer->data, writer->len);
}
