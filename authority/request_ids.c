/* SPDX-License-Identifier: Apache-2.0 */
/* request_ids.c - which ids devices gave to their requests (request-id) */
#define _POSIX_C_SOURCE 200809L
#include "authority/request_ids.h"

#include <errno.h>
#include <string.h>

static enum trivet_status
init_mutex(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    return pthread_mutex_init(mutex, attributes) == 0 ? TRIVET_OK
                                                      : TRIVET_E_INTERNAL;
}

enum trivet_status
trivet_request_ids_init(struct trivet_request_ids *ids)
{
    pthread_mutexattr_t attributes;
    enum trivet_status status = TRIVET_E_INTERNAL;

    memset(ids, 0, sizeof *ids);
    TRIVET_TRY(trivet_random(ids->secret, sizeof ids->secret));

    if (pthread_mutexattr_init(&attributes) != 0) {
        return TRIVET_E_INTERNAL;
    }

    if (pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0
        && pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0)
    {
        status = init_mutex(&ids->mutex, &attributes);
    }

    (void) pthread_mutexattr_destroy(&attributes);
    return status;
}

static bool
lock(struct trivet_request_ids *ids)
{
    int error = pthread_mutex_lock(&ids->mutex);

    /* Its owner died: half a set may have been moved. An id is then forgotten,
     * or there twice, and both do no harm. */
    if (error == EOWNERDEAD) {
        error = pthread_mutex_consistent(&ids->mutex);
    }

    return error == 0;
}

static void
unlock(struct trivet_request_ids *ids)
{
    (void) pthread_mutex_unlock(&ids->mutex);
}

static uint64_t
read_part(const unsigned char *digest)
{
    uint64_t value;

    memcpy(&value, digest, sizeof value);

    return value;
}

static uint64_t
make_id(const unsigned char digest[TRIVET_DIGEST_LEN])
{
    uint64_t id = read_part(digest);

    return id == 0 ? 1 : id;
}

static struct trivet_request_id_set *
find_set(struct trivet_request_ids *ids,
    const unsigned char digest[TRIVET_DIGEST_LEN])
{
    uint64_t number = read_part(digest + sizeof(uint64_t));

    return &ids->sets[number % TRIVET_NUM_REQUEST_ID_SETS];
}

/* Its place in the set; TRIVET_REQUEST_ID_SET_SIZE when it has none. */
static size_t
find_id(const struct trivet_request_id_set *set, uint64_t id)
{
    size_t i = 0;

    while (i < TRIVET_REQUEST_ID_SET_SIZE && set->ids[i] != id) {
        i++;
    }

    return i;
}

static void
put_first(struct trivet_request_id_set *set, uint64_t id)
{
    memmove(&set->ids[1], &set->ids[0], sizeof set->ids - sizeof set->ids[0]);
    set->ids[0] = id;
}

static void
remove_at(struct trivet_request_id_set *set, size_t at)
{
    size_t last = TRIVET_REQUEST_ID_SET_SIZE - 1;

    memmove(&set->ids[at], &set->ids[at + 1], (last - at) * sizeof set->ids[0]);
    set->ids[last] = 0;
}

bool
trivet_request_ids_take(struct trivet_request_ids *ids,
    const unsigned char digest[TRIVET_DIGEST_LEN])
{
    struct trivet_request_id_set *set = find_set(ids, digest);
    uint64_t id = make_id(digest);
    bool is_new;

    if (!lock(ids)) {
        return false;
    }

    is_new = find_id(set, id) == TRIVET_REQUEST_ID_SET_SIZE;
    if (is_new) {
        put_first(set, id);
    }

    unlock(ids);
    return is_new;
}

void
trivet_request_ids_give_back(struct trivet_request_ids *ids,
    const unsigned char digest[TRIVET_DIGEST_LEN])
{
    struct trivet_request_id_set *set = find_set(ids, digest);
    size_t at;

    if (!lock(ids)) {
        return;
    }

    at = find_id(set, make_id(digest));
    if (at < TRIVET_REQUEST_ID_SET_SIZE) {
        remove_at(set, at);
    }

    unlock(ids);
}
