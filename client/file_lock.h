/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_lock.h - locks between threads and processes
 *
 * A lock is a lock (flock) on a file. Each acquisition opens that file anew, so
 * threads exclude each other as processes do. It ends with the process, also
 * when that is killed.
 * Blocks: yes. Threads: any number at once.
 */
#ifndef TRIVET_CLIENT_FILE_LOCK_H
#define TRIVET_CLIENT_FILE_LOCK_H

#include <stdbool.h>

#include "trivet/status.h"

struct trivet_file_lock {
    int fd;
    bool is_read_only; /* the file that it protects cannot be written */
};

/*
 * Acquires the lock of the lock file at path, which is made when it is missing.
 * Waits max_wait_s for it (-1: for ever). Release it.
 *
 * TRIVET_E_UNAVAILABLE  another holder kept it for longer.
 * TRIVET_E_NOT_FOUND    there is no such file, and none can be made: the
 *                       folder cannot be written, or the disk is full.
 * TRIVET_E_USAGE        it is a link, has a second name, or is a file of
 *                       another user.
 */
TRIVET_MUST_USE enum trivet_status trivet_file_lock_acquire(const char *path,
    int max_wait_s, struct trivet_file_lock *out, struct trivet_error *err);

/* The same where no lock file can be made: the lock is on the file itself,
 * which then is never replaced. is_read_only says whether it can be rewritten.
 */
TRIVET_MUST_USE enum trivet_status trivet_file_lock_itself(const char *path,
    int max_wait_s, struct trivet_file_lock *out, struct trivet_error *err);

void trivet_file_lock_release(struct trivet_file_lock *lock);

#endif
