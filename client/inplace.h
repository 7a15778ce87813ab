/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inplace.h - a file that cannot be replaced, rewritten in its place, safely
 *
 * A file that is a mount of its own (a container's) can be written but not
 * replaced. While it is rewritten, the new text stands whole behind the old
 * one, in the same file, so that nothing is lost with a folder that goes away:
 *
 *   file    = text                                        at rest
 *           / text *NUL [ part of journal ]               journal not whole
 *           / *OCTET *NUL journal                         journal whole: its
 *                                                         text is the file's
 *   journal = text trailer
 *   trailer = "TRIVETJ1" 8*8OCTET 32*32OCTET              the text's length,
 *                                                         big-endian; SHA-256
 *
 * A text holds no NUL. Readers and the writer lock the file's bytes (OFD locks)
 * for as long as they read or write, which is short.
 * Blocks: yes.
 */
#ifndef TRIVET_CLIENT_INPLACE_H
#define TRIVET_CLIENT_INPLACE_H

#include "base/slice.h"
#include "trivet/status.h"

/* The text of what was read of such a file, at rest or not. */
struct trivet_slice trivet_inplace_text(struct trivet_slice file);

/* Waits a few seconds while somebody writes the file; a file system that knows
 * no such locks has none. fd: open for reading. */
void trivet_inplace_lock_for_reading(int fd);

/*
 * Puts text in the place of what is there. fd: open for reading and writing;
 * closing it releases the lock. The caller keeps other writers away.
 *
 * Killed at any moment, the file has the old text or the new. A failure leaves
 * the old one.
 */
TRIVET_MUST_USE enum trivet_status trivet_inplace_write(int fd,
    const char *path, struct trivet_slice text, struct trivet_error *err);

#endif
