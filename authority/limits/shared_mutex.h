/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shared_mutex.h - a mutex in memory that processes share
 *
 * It is robust: a process that is killed while it has it leaves it to the next,
 * which finds what it guards as it was at that moment.
 */
#ifndef TRIVET_AUTHORITY_LIMITS_SHARED_MUTEX_H
#define TRIVET_AUTHORITY_LIMITS_SHARED_MUTEX_H

#include <pthread.h>
#include <stdbool.h>

#include "trivet/status.h"

/* By one process, before others know of it. TRIVET_E_INTERNAL: the system has
 * no such mutexes. */
TRIVET_MUST_USE enum trivet_status trivet_shared_mutex_init(
    pthread_mutex_t *mutex);

/* False when another has had it for a second: a process may have been stopped
 * while it has it, and nobody waits for it for ever. */
bool trivet_shared_mutex_lock(pthread_mutex_t *mutex);
void trivet_shared_mutex_unlock(pthread_mutex_t *mutex);

#endif
