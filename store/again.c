/* SPDX-License-Identifier: Apache-2.0 */
/* again.c - work that may be done again */
#define _POSIX_C_SOURCE 200809L
#include "store/again.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/ticks.h"
#include "store/store.h"

enum {
    MAX_TRIES = 4,
    STEP_US = 5000 /* the longest pause, after the first of them */
};

/* The machine's time since its start and the process's number are others
 * elsewhere; a product with a large odd number spreads what is near. */
unsigned
trivet_store_jitter(unsigned below)
{
    static atomic_uint steps = 0;
    unsigned at = atomic_fetch_add(&steps, 1) + (unsigned) getpid()
                  + (unsigned) trivet_ticks_ms();

    return (at * 2654435761U >> 8) % below;
}

bool
trivet_store_tries_again(const struct trivet_error *err, unsigned num_tries)
{
    struct timespec pause = {.tv_sec = 0};

    if (num_tries >= MAX_TRIES || err->where == NULL
        || strcmp(err->where, TRIVET_STORE_AGAIN) != 0)
    {
        return false;
    }

    pause.tv_nsec =
        1000L * (trivet_store_jitter((unsigned) STEP_US << num_tries) + 1000);
    (void) nanosleep(&pause, NULL);
    return true;
}
