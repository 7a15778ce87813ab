/* SPDX-License-Identifier: Apache-2.0 */
/*
 * erase.h - removing a context's file and the files beside it
 *
 * Blocks: as the file system does. Threads: any number at once.
 */
#ifndef TRIVET_CLIENT_ERASE_H
#define TRIVET_CLIENT_ERASE_H

#include "trivet/status.h"

/*
 * Whether trivet_erase_context could remove the file: nothing is changed.
 *
 * TRIVET_E_NOT_FOUND  there is none.
 * TRIVET_E_USAGE      it is not a plain file of ours, has a second name, or is
 *                     on a read-only mount; err says which.
 */
TRIVET_MUST_USE enum trivet_status trivet_erase_check(
    const char *path, struct trivet_error *err);

/*
 * Removes a context file and the files beside it: PATH.tmp, PATH.throttle,
 * PATH.lock; a link that path is, too. What may hold secrets is overwritten
 * and synced first. Holds the lock of the file meanwhile.
 *
 * Errors as above; TRIVET_E_UNAVAILABLE: another process kept the lock. When
 * the file was overwritten but cannot be removed (TRIVET_E_INTERNAL), err says
 * so. Blocks: yes.
 */
TRIVET_MUST_USE enum trivet_status trivet_erase_context(
    const char *path, struct trivet_error *err);

#endif
