/* SPDX-License-Identifier: Apache-2.0 */
/* request_ids.c - which ids devices gave to their requests (request-id) */
#define _POSIX_C_SOURCE 200809L
#include "authority/limits/request_ids.h"

#include <string.h>
#include <sys/stat.h>

#include "authority/limits/shared_mutex.h"

enum trivet_status
trivet_request_ids_renew_mutex(struct trivet_request_id_table *table)
{
    return trivet_shared_mutex_init(&table->mutex);
}

enum trivet_status
trivet_request_ids_init(struct trivet_request_id_table *table)
{
    memset(table, 0, sizeof *table);
    TRIVET_TRY(trivet_random(table->secret, sizeof table->secret));

    return trivet_request_ids_renew_mutex(table);
}

void
trivet_request_ids_use(
    struct trivet_request_id_table *table, struct trivet_request_ids *out)
{
    out->fd = -1;
    memcpy(out->secret, table->secret, sizeof out->secret);
    out->table = table;
}

/* Memory behind the end of a file must not be touched; and what is in a file
 * that was removed is not shared with those that come later. */
static bool
is_whole(const struct trivet_request_ids *ids)
{
    struct stat info;

    return ids->fd < 0
           || (fstat(ids->fd, &info) == 0 && info.st_nlink > 0
               && info.st_size == (off_t) sizeof *ids->table);
}

/* NULL: it could not be had. Where the mutex's owner died, half a set may have
 * been moved: an id is then forgotten, or there twice, and both do no harm. */
static struct trivet_request_id_table *
lock(struct trivet_request_ids *ids)
{
    struct trivet_request_id_table *table = ids->table;

    if (table == NULL || !is_whole(ids)
        || !trivet_shared_mutex_lock(&table->mutex)) {
        return NULL;
    }

    return table;
}

static void
unlock(struct trivet_request_id_table *table)
{
    trivet_shared_mutex_unlock(&table->mutex);
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
find_set(struct trivet_request_id_table *table,
    const unsigned char digest[TRIVET_DIGEST_LEN])
{
    uint64_t number = read_part(digest + sizeof(uint64_t));

    return &table->sets[number % TRIVET_NUM_REQUEST_ID_SETS];
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

enum trivet_status
trivet_request_ids_reserve(struct trivet_request_ids *ids,
    const unsigned char digest[TRIVET_DIGEST_LEN], bool *out_is_new)
{
    struct trivet_request_id_table *table = lock(ids);
    struct trivet_request_id_set *set;
    uint64_t id = make_id(digest);

    if (table == NULL) {
        return TRIVET_E_UNAVAILABLE;
    }

    set = find_set(table, digest);
    *out_is_new = find_id(set, id) == TRIVET_REQUEST_ID_SET_SIZE;
    if (*out_is_new) {
        put_first(set, id);
    }

    unlock(table);
    return TRIVET_OK;
}

void
trivet_request_ids_release(struct trivet_request_ids *ids,
    const unsigned char digest[TRIVET_DIGEST_LEN])
{
    struct trivet_request_id_table *table = lock(ids);
    struct trivet_request_id_set *set;
    size_t at;

    if (table == NULL) {
        return;
    }

    set = find_set(table, digest);
    at = find_id(set, make_id(digest));
    if (at < TRIVET_REQUEST_ID_SET_SIZE) {
        remove_at(set, at);
    }

    unlock(table);
}
