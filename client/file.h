/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.h - files that hold secrets, and locks between processes
 *
 * Blocks: yes.
 */
#ifndef TRIVET_CLIENT_FILE_H
#define TRIVET_CLIENT_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/slice.h"
#include "client/place.h"
#include "trivet/status.h"

enum {
    TRIVET_MAX_SECRET_FILE = 128 * 1024,    /* bytes */
    TRIVET_MAX_BODY_FILE = 16 * 1024 * 1024 /* bytes */
};

/* What was read: owned, NUL-terminated. */
struct trivet_file_text {
    char *data;
    size_t len;
};

void trivet_file_text_release(struct trivet_file_text *text); /* wipes */

/*
 * Reads a whole file that nobody may touch but those whom forbidden_mode
 * leaves (077: the owner alone). Owner and mode of a file on a read-only mount
 * are not judged: who is in here cannot change them, and who mounted it (as
 * containers get their secrets) has decided who is in here.
 *
 * TRIVET_E_NOT_FOUND  there is none.
 * TRIVET_E_USAGE      it is not a plain file, is too big, belongs to somebody
 *                     else, or its mode is looser; or a link of another user
 *                     leads there (place.h).
 */
TRIVET_MUST_USE enum trivet_status trivet_file_read(const char *path,
    mode_t forbidden_mode, struct trivet_file_text *out,
    struct trivet_error *err);

/* Reads a descriptor to its end. */
TRIVET_MUST_USE enum trivet_status trivet_file_read_fd(
    int fd, struct trivet_file_text *out, struct trivet_error *err);

/* The same for what may be long and is no secret: TRIVET_MAX_BODY_FILE. */
TRIVET_MUST_USE enum trivet_status trivet_file_read_long(
    int fd, struct trivet_file_text *out, struct trivet_error *err);

/*
 * Replaces the file as a whole: PATH.tmp, fsync, rename, fsync of the folder;
 * mode 0600. One that cannot be replaced, because it is a mount of its own or
 * its folder is read-only, is rewritten (inplace.h). Whoever reads with
 * trivet_file_read sees the old or the new text, never a part. The caller
 * holds the lock of the file, or nobody else writes it.
 */
TRIVET_MUST_USE enum trivet_status trivet_file_replace(
    const char *path, struct trivet_slice text, struct trivet_error *err);

/* Whether the file is there, and on a read-only mount. */
bool trivet_file_is_read_only(const char *path);

/* A lock between threads and processes alike: each acquisition opens PATH
 * anew. Goes with the process, also when that is killed. */
struct trivet_file_lock {
    int fd;
    bool is_read_only; /* the file that it protects cannot be written */
};

/* Waits max_wait_s for it (-1: for ever).
 *
 * TRIVET_E_UNAVAILABLE  somebody kept it longer.
 * TRIVET_E_NOT_FOUND    there is no such file, and none can be made: the
 *                       folder cannot be written, or the disk is full.
 * TRIVET_E_USAGE        a link, or a file of another user.
 */
TRIVET_MUST_USE enum trivet_status trivet_file_lock_acquire(const char *path,
    int max_wait_s, struct trivet_file_lock *out, struct trivet_error *err);

/* The lock for a file in a folder where no lock file can be made: the file
 * itself, which then is never replaced. is_read_only tells whether it can be
 * rewritten. Else as above. */
TRIVET_MUST_USE enum trivet_status trivet_file_lock_itself(const char *path,
    int max_wait_s, struct trivet_file_lock *out, struct trivet_error *err);
void trivet_file_lock_release(struct trivet_file_lock *lock);

#endif
