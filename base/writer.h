/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer.h - bytes out, into memory that the caller gives, never past its end
 *
 * A writer that was given more than it holds remembers that and drops the
 * rest: check `overflowed` once, at the end.
 */
#ifndef TRIVET_BASE_WRITER_H
#define TRIVET_BASE_WRITER_H

#include "base/slice.h"

struct trivet_writer {
    unsigned char *data;
    size_t cap;
    size_t len;
    bool overflowed;
};

struct trivet_writer trivet_writer_make(void *data, size_t cap);

void trivet_writer_put(struct trivet_writer *writer, struct trivet_slice bytes);
void trivet_writer_put_text(struct trivet_writer *writer, const char *text);
void trivet_writer_put_byte(struct trivet_writer *writer, unsigned char byte);

/* What was written so far. */
struct trivet_slice trivet_writer_slice(const struct trivet_writer *writer);

#endif
