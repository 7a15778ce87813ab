/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret_file.h - files that hold secrets, read and replaced with all checks
 *
 * base/file.h checks owner and mode and writes a file whole. Here is what a
 * context file needs on top of that: links on the way are checked (place.h),
 * and a file that cannot be replaced is rewritten (inplace.h).
 *
 * Blocks: as the file system does. Threads: any number at once.
 */
#ifndef TRIVET_CLIENT_SECRET_FILE_H
#define TRIVET_CLIENT_SECRET_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "trivet/status.h"

enum {
    TRIVET_MAX_SECRET_FILE = 128 * 1024,    /* bytes */
    TRIVET_MAX_BODY_FILE = 16 * 1024 * 1024 /* bytes */
};

/*
 * Reads a whole file of ours or of root, none of whose permission bits is in
 * forbidden_mode (077: only the owner may touch it). On a read-only mount owner
 * and mode are not checked (base/file.h). out: owned; free it.
 *
 * TRIVET_E_NOT_FOUND  there is none.
 * TRIVET_E_USAGE      it is not a regular file, is longer than
 *                     TRIVET_MAX_SECRET_FILE, belongs to another user, or has
 *                     a forbidden mode; or a link of another user leads there.
 */
TRIVET_MUST_USE enum trivet_status trivet_secret_file_read(const char *path,
    mode_t forbidden_mode, struct trivet_buffer *out, struct trivet_error *err);

/*
 * Replaces the file as a whole, durably; mode 0600. By way of PATH.tmp, which a
 * process that died may leave behind. A file that cannot be replaced, because
 * it is a mount of its own or its folder is read-only, is rewritten in its
 * place. trivet_secret_file_read gives the old or the new text, never a part.
 * The caller keeps other writers away, by a lock (file_lock.h).
 *
 * TRIVET_E_USAGE     it cannot be written here, or is another user's.
 * TRIVET_E_INTERNAL  writing failed; the old text is still there.
 */
TRIVET_MUST_USE enum trivet_status trivet_secret_file_replace(
    const char *path, struct trivet_slice text, struct trivet_error *err);

/* Whether the file is there, and on a read-only mount. */
bool trivet_secret_file_is_read_only(const char *path);

/*
 * Reads an open file or a pipe to its end: max bytes at most. name is for err
 * alone. out: owned; free it; its data is never NULL.
 *
 * TRIVET_E_USAGE  it cannot be read, or is longer.
 */
TRIVET_MUST_USE enum trivet_status trivet_input_read(int fd, const char *name,
    size_t max, struct trivet_buffer *out, struct trivet_error *err);

#endif
