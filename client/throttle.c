/* SPDX-License-Identifier: Apache-2.0 */
/* throttle.c - not calling faster than the server allows */
#define _POSIX_C_SOURCE 200809L
#include "client/throttle.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/file_lock.h"
#include "client/place.h"

enum { MAX_LOCK_WAIT_S = 1 };

/* The server counts when calls arrive, we when they leave; and one that counts
 * with a leaky bucket rounds: nginx's lets a session through in 30.3 s. */
#define MARGIN_US INT64_C(500000)
#define MAGIC     UINT64_C(0x3131746f72687474) /* also a version */
#define US        INT64_C(1000000)

/* No stamp of ours is further ahead, unless the caller waits longer. */
enum { MAX_AHEAD_S = 60 };

/* The slot of the endpoint. A new endpoint gets the slot whose last call is
 * oldest. */
static struct trivet_throttle_slot *
find_slot(struct trivet_throttle_table *table, uint64_t endpoint)
{
    const size_t last = TRIVET_MAX_THROTTLE_STAMPS - 1;
    struct trivet_throttle_slot *oldest = &table->slots[0];

    for (size_t i = 0; i < TRIVET_NUM_THROTTLE_SLOTS; i++) {
        struct trivet_throttle_slot *slot = &table->slots[i];

        if (slot->endpoint == endpoint) {
            return slot;
        }
        if (slot->stamps_us[last] < oldest->stamps_us[last]) {
            oldest = slot;
        }
    }

    *oldest = (struct trivet_throttle_slot){.endpoint = endpoint};
    return oldest;
}

static bool
is_from_the_future(const struct trivet_throttle_slot *slot, int64_t now_us,
    int64_t window_us, int64_t max_wait_us)
{
    int64_t ahead_us = MAX_AHEAD_S * US + window_us;
    int64_t limit_us =
        now_us + (max_wait_us > ahead_us ? max_wait_us : ahead_us);

    for (size_t i = 0; i < TRIVET_MAX_THROTTLE_STAMPS; i++) {
        if (slot->stamps_us[i] > limit_us) {
            return true;
        }
    }

    return slot->blocked_until_us > limit_us;
}

int64_t
trivet_throttle_reserve(struct trivet_throttle_table *table,
    const struct trivet_rate_call *call, int64_t now_us, int64_t max_wait_us)
{
    struct trivet_throttle_slot *slot = find_slot(table, call->endpoint);
    int64_t window_us = call->per_s * US + MARGIN_US;
    int64_t *stamps = slot->stamps_us;
    int64_t at_us = now_us;
    int64_t nth_last;
    int64_t latest;

    /* A clock that was set back must not block calls for as long. */
    if (is_from_the_future(slot, now_us, window_us, max_wait_us)) {
        *slot = (struct trivet_throttle_slot){.endpoint = call->endpoint};
    }

    nth_last = stamps[TRIVET_MAX_THROTTLE_STAMPS - call->max_calls];
    latest = stamps[TRIVET_MAX_THROTTLE_STAMPS - 1];
    if (nth_last > 0 && nth_last + window_us > at_us) {
        at_us = nth_last + window_us;
    }
    if (slot->blocked_until_us > at_us) {
        at_us = slot->blocked_until_us;
    }
    if (latest > at_us) {
        at_us = latest; /* after those that already wait */
    }

    if (at_us - now_us > max_wait_us) {
        return at_us;
    }

    memmove(stamps, stamps + 1,
        (TRIVET_MAX_THROTTLE_STAMPS - 1) * sizeof stamps[0]);
    stamps[TRIVET_MAX_THROTTLE_STAMPS - 1] = at_us;

    return at_us;
}

void
trivet_throttle_block(struct trivet_throttle_table *table,
    const struct trivet_rate_call *call, int64_t now_us, int block_s)
{
    find_slot(table, call->endpoint)->blocked_until_us =
        now_us + block_s * US + MARGIN_US;
}

int
trivet_throttle_read_seconds(const char *text, int default_s)
{
    static const char mark[] = "calls per ";
    const char *at = strstr(text, mark);
    long seconds = at == NULL ? 0 : strtol(at + sizeof mark - 1, NULL, 10);

    if (seconds <= 0) {
        return default_s;
    }

    if (seconds > TRIVET_MAX_THROTTLE_BLOCK_S) {
        seconds = TRIVET_MAX_THROTTLE_BLOCK_S;
    }

    return (int) seconds;
}

/* ---- the table of a context --------------------------------------------- */

struct trivet_throttle {
    char path[TRIVET_MAX_FILE_PATH];
    pthread_mutex_t mutex; /* guards what follows */
    struct trivet_throttle_table memory;
};

enum trivet_status
trivet_throttle_new(const char *context_file, struct trivet_throttle **out,
    struct trivet_error *err)
{
    struct trivet_throttle *throttle = calloc(1, sizeof *throttle);

    if (throttle == NULL || pthread_mutex_init(&throttle->mutex, NULL) != 0) {
        free(throttle);
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "throttle", "out of memory");
    }

    (void) snprintf(
        throttle->path, sizeof throttle->path, "%s.throttle", context_file);
    throttle->memory.magic = MAGIC;
    *out = throttle;

    return TRIVET_OK;
}

void
trivet_throttle_free(struct trivet_throttle *throttle)
{
    if (throttle == NULL) {
        return;
    }

    (void) pthread_mutex_destroy(&throttle->mutex);
    free(throttle);
}

static void
read_table(int fd, struct trivet_throttle_table *out)
{
    if (pread(fd, out, sizeof *out, 0) != (ssize_t) sizeof *out
        || out->magic != MAGIC)
    {
        *out = (struct trivet_throttle_table){.magic = MAGIC};
    }
}

/* A holder keeps the lock for microseconds. A process that was stopped while it
 * held the lock must not stop the others: after a second they count in their
 * own memory, except for sessions. */
static bool
acquire(const struct trivet_throttle *throttle,
    const struct trivet_rate_call *call, struct trivet_file_lock *out)
{
    bool is_session = call->kind == TRIVET_RATE_SESSION;
    int max_wait_s = is_session ? -1 : MAX_LOCK_WAIT_S;

    return trivet_file_lock_acquire(throttle->path, max_wait_s, out, NULL)
           == TRIVET_OK;
}

int64_t
trivet_throttle_wait_for(struct trivet_throttle *throttle,
    const struct trivet_rate_call *call, int64_t now_us, int64_t max_wait_us)
{
    struct trivet_throttle_table table;
    struct trivet_file_lock lock;
    int64_t at_us;

    if (call->endpoint == 0) {
        return now_us;
    }
    if (!acquire(throttle, call, &lock)) {
        (void) pthread_mutex_lock(&throttle->mutex);
        at_us = trivet_throttle_reserve(
            &throttle->memory, call, now_us, max_wait_us);
        (void) pthread_mutex_unlock(&throttle->mutex);
        return at_us;
    }

    read_table(lock.fd, &table);
    at_us = trivet_throttle_reserve(&table, call, now_us, max_wait_us);
    (void) !pwrite(lock.fd, &table, sizeof table, 0);
    trivet_file_lock_release(&lock);

    return at_us;
}

void
trivet_throttle_hold(struct trivet_throttle *throttle,
    const struct trivet_rate_call *call, int64_t now_us, int block_s)
{
    struct trivet_throttle_table table;
    struct trivet_file_lock lock;

    if (call->endpoint == 0) {
        return;
    }
    if (!acquire(throttle, call, &lock)) {
        (void) pthread_mutex_lock(&throttle->mutex);
        trivet_throttle_block(&throttle->memory, call, now_us, block_s);
        (void) pthread_mutex_unlock(&throttle->mutex);
        return;
    }

    read_table(lock.fd, &table);
    trivet_throttle_block(&table, call, now_us, block_s);
    (void) !pwrite(lock.fd, &table, sizeof table, 0);
    trivet_file_lock_release(&lock);
}
