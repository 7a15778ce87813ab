/* SPDX-License-Identifier: Apache-2.0 */
/* shared_mutex.c - a mutex in memory that processes share */
#define _POSIX_C_SOURCE 200809L
#include "authority/limits/shared_mutex.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { MAX_WAIT_S = 1 };

static enum trivet_status
init_with(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    return pthread_mutex_init(mutex, attributes) == 0 ? TRIVET_OK
                                                      : TRIVET_E_INTERNAL;
}

enum trivet_status
trivet_shared_mutex_init(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;
    enum trivet_status status = TRIVET_E_INTERNAL;

    memset(mutex, 0, sizeof *mutex);

    if (pthread_mutexattr_init(&attributes) != 0) {
        return TRIVET_E_INTERNAL;
    }

    if (pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0
        && pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0)
    {
        status = init_with(mutex, &attributes);
    }

    (void) pthread_mutexattr_destroy(&attributes);
    return status;
}

bool
trivet_shared_mutex_lock(pthread_mutex_t *mutex)
{
    struct timespec end;
    int error;

    if (clock_gettime(CLOCK_REALTIME, &end) != 0) {
        return false;
    }

    end.tv_sec += MAX_WAIT_S;
    error = pthread_mutex_timedlock(mutex, &end);

    if (error == EOWNERDEAD) {
        error = pthread_mutex_consistent(mutex);
    }

    return error == 0;
}

void
trivet_shared_mutex_unlock(pthread_mutex_t *mutex)
{
    (void) pthread_mutex_unlock(mutex);
}
