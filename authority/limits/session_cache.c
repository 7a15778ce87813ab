/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_cache.c - sessions that a gateway's workers remember together
 *
 * The entries are a memo (core/memo.h). Beside it are the stamps: for each kind
 * of change a table of numbers, found by a hash of the subject's id. An entry
 * is good while no stamp of what it is made of is later than its own number.
 */
#include "authority/limits/session_cache.h"

#include <stdatomic.h>
#include <string.h>

#include "base/hash.h"
#include "core/memo.h"

enum {
    LINE = 64,
    NUM_KINDS = TRIVET_NUM_CHANGE_KINDS - 1, /* all but ALL */
    MIN_STAMPS = 64,                         /* of each kind */
    STAMPS_SHARE = 8, /* they take at most this part of the memory */
    NUM_READINGS = 4
};

struct entry {
    uint64_t begun;
    int64_t filled_ms;
    int64_t anchored_us;
    int64_t timeout_s;
    int64_t ids[NUM_KINDS]; /* by kind, without ALL */
    uint16_t der_len;
    uint8_t allows_all;
    uint8_t num_addresses;
    uint32_t padding;
    unsigned char addresses[TRIVET_MAX_ADMISSION_ADDRESSES][TRIVET_ADDRESS_LEN];
    unsigned char der[TRIVET_SESSION_CACHE_MAX_DER];
};
_Static_assert(sizeof(struct entry) % 8 == 0, "a memo's values are words");

struct trivet_session_cache {
    _Atomic uint64_t generation;
    _Atomic uint64_t all_stamp; /* of what was changed as a whole */
    uint64_t num_stamps;        /* of each kind, a power of two   */
    struct trivet_memo *readings;
    struct trivet_memo *entries; /* NULL: none is remembered */
    unsigned char padding[LINE - 5 * sizeof(uint64_t)];

    _Atomic uint64_t num_hits;
    _Atomic uint64_t num_misses;
    _Atomic uint64_t num_drops;
    _Atomic int64_t max_age_ms;
    unsigned char more_padding[LINE - 4 * sizeof(uint64_t)];

    _Atomic uint64_t stamps[];
};

/* ---- making ------------------------------------------------------------ */

static size_t
size_of_stamps(size_t num_stamps)
{
    return NUM_KINDS * num_stamps * sizeof(uint64_t);
}

static size_t
size_of_readings(void)
{
    return trivet_memo_size(NUM_READINGS, sizeof(struct trivet_list_reading));
}

uint64_t
trivet_session_cache_tag(const char *store_url)
{
    return trivet_hash_add(TRIVET_HASH_START, trivet_slice_text(store_url));
}

size_t
trivet_session_cache_min_size(void)
{
    return sizeof(struct trivet_session_cache) + size_of_stamps(MIN_STAMPS)
           + size_of_readings();
}

struct trivet_session_cache *
trivet_session_cache_init(void *memory, size_t size)
{
    struct trivet_session_cache *cache = memory;
    unsigned char *next = memory;
    size_t num_stamps = MIN_STAMPS;
    size_t num_entries;

    if (size < trivet_session_cache_min_size()) {
        return NULL;
    }
    while (size_of_stamps(num_stamps * 2) <= size / STAMPS_SHARE) {
        num_stamps *= 2;
    }

    cache->num_stamps = num_stamps;
    next += sizeof *cache + size_of_stamps(num_stamps);
    cache->readings = trivet_memo_init(
        next, NUM_READINGS, sizeof(struct trivet_list_reading));
    next += size_of_readings();

    size -= (size_t) (next - (unsigned char *) memory);
    num_entries = trivet_memo_fit(size, sizeof(struct entry));
    if (num_entries > 0) {
        cache->entries =
            trivet_memo_init(next, num_entries, sizeof(struct entry));
    }

    return cache;
}

/* ---- stamps ------------------------------------------------------------ */

static _Atomic uint64_t *
stamp_of(struct trivet_session_cache *cache, enum trivet_change_kind kind,
    int64_t subject)
{
    uint64_t hash = (uint64_t) subject * UINT64_C(0x9e3779b97f4a7c15);

    if (kind == TRIVET_CHANGE_ALL) {
        return &cache->all_stamp;
    }

    return &cache->stamps[((size_t) kind - 1) * cache->num_stamps
                          + (hash >> 32) % cache->num_stamps];
}

void
trivet_session_cache_drop(struct trivet_session_cache *cache,
    enum trivet_change_kind kind, int64_t subject)
{
    _Atomic uint64_t *stamp = stamp_of(cache, kind, subject);
    uint64_t number = atomic_fetch_add(&cache->generation, 1) + 1;
    uint64_t old = atomic_load(stamp);

    /* Whoever drops the same at the same time: the later number stays. */
    while (old < number && !atomic_compare_exchange_weak(stamp, &old, number)) {
    }

    atomic_fetch_add_explicit(&cache->num_drops, 1, memory_order_relaxed);
}

static bool
is_stamped(struct trivet_session_cache *cache, const struct entry *entry)
{
    for (int kind = TRIVET_CHANGE_SESSION; kind < TRIVET_NUM_CHANGE_KINDS;
         kind++) {
        if (atomic_load(stamp_of(
                cache, (enum trivet_change_kind) kind, entry->ids[kind - 1]))
            > entry->begun)
        {
            return true;
        }
    }

    return atomic_load(&cache->all_stamp) > entry->begun;
}

/* ---- entries ----------------------------------------------------------- */

uint64_t
trivet_session_cache_begin(struct trivet_session_cache *cache)
{
    return atomic_load(&cache->generation);
}

static struct trivet_memo_key
memo_key(const struct trivet_session_cache_key *key)
{
    struct trivet_memo_key made = {.tag = key->tag};

    memcpy(made.digest, key->token_digest, sizeof made.digest);
    return made;
}

void
trivet_session_cache_put(struct trivet_session_cache *cache,
    const struct trivet_session_cache_key *key, uint64_t begun, int64_t now_ms,
    const struct trivet_admission_row *row)
{
    const struct trivet_session *session = &row->session;
    const struct trivet_memo_key place = memo_key(key);
    struct entry entry;

    if (cache->entries == NULL || session->key.der_len > sizeof entry.der
        || row->num_addresses > TRIVET_MAX_ADMISSION_ADDRESSES
        || session->is_server_key_retired)
    {
        return;
    }

    memset(&entry, 0, sizeof entry);
    entry.begun = begun;
    entry.filled_ms = now_ms;
    entry.anchored_us = session->expiry.anchored_us;
    entry.timeout_s = session->expiry.timeout_s;
    entry.ids[TRIVET_CHANGE_SESSION - 1] = session->id;
    entry.ids[TRIVET_CHANGE_DEVICE - 1] = session->device_id;
    entry.ids[TRIVET_CHANGE_API_KEY - 1] = session->api_key_id;
    entry.ids[TRIVET_CHANGE_USER - 1] = session->user_id;
    entry.ids[TRIVET_CHANGE_INSTALLATION - 1] = session->installation_id;
    entry.ids[TRIVET_CHANGE_SERVER_KEY - 1] = session->server_key_id;
    entry.allows_all = row->allows_all_addresses;
    entry.num_addresses = (uint8_t) row->num_addresses;
    memcpy(entry.addresses, row->addresses,
        row->num_addresses * sizeof entry.addresses[0]);
    entry.der_len = (uint16_t) session->key.der_len;
    memcpy(entry.der, session->key.der, session->key.der_len);

    trivet_memo_set(cache->entries, &place, &entry);
}

static bool
permits(const struct entry *entry, const struct trivet_address *address)
{
    bool is_named = entry->allows_all != 0;

    for (size_t i = 0; i < entry->num_addresses && !is_named; i++) {
        is_named = memcmp(entry->addresses[i], address->bytes,
                       sizeof entry->addresses[i])
                   == 0;
    }

    return is_named;
}

static void
read_entry(const struct entry *entry, struct trivet_session *out)
{
    *out = (struct trivet_session){
        .id = entry->ids[TRIVET_CHANGE_SESSION - 1],
        .expiry = {.anchored_us = entry->anchored_us,
            .timeout_s = entry->timeout_s},
        .device_id = entry->ids[TRIVET_CHANGE_DEVICE - 1],
        .api_key_id = entry->ids[TRIVET_CHANGE_API_KEY - 1],
        .user_id = entry->ids[TRIVET_CHANGE_USER - 1],
        .installation_id = entry->ids[TRIVET_CHANGE_INSTALLATION - 1],
        .server_key_id = entry->ids[TRIVET_CHANGE_SERVER_KEY - 1],
        .is_address_permitted = true,
    };
    memcpy(out->key.der, entry->der, entry->der_len);
    out->key.der_len = entry->der_len;
}

void
trivet_session_cache_miss(struct trivet_session_cache *cache)
{
    atomic_fetch_add_explicit(&cache->num_misses, 1, memory_order_relaxed);
}

bool
trivet_session_cache_get(struct trivet_session_cache *cache,
    const struct trivet_session_cache_key *key, int64_t now_ms,
    const struct trivet_address *address, struct trivet_session *out)
{
    const struct trivet_memo_key place = memo_key(key);
    struct entry entry;

    if (cache->entries == NULL
        || !trivet_memo_get(cache->entries, &place, &entry)
        || is_stamped(cache, &entry)
        || now_ms - entry.filled_ms >= TRIVET_SESSION_CACHE_LIFE_MS
        || !permits(&entry, address))
    {
        trivet_session_cache_miss(cache);
        return false;
    }

    read_entry(&entry, out);
    atomic_fetch_add_explicit(&cache->num_hits, 1, memory_order_relaxed);
    return true;
}

/* ---- how far the list was read ----------------------------------------- */

static void
note_age(struct trivet_session_cache *cache, int64_t age_ms)
{
    int64_t old = atomic_load(&cache->max_age_ms);

    while (old < age_ms
           && !atomic_compare_exchange_weak(&cache->max_age_ms, &old, age_ms))
    {
    }
}

void
trivet_session_cache_publish(struct trivet_session_cache *cache, uint64_t tag,
    const struct trivet_list_reading *reading)
{
    const struct trivet_memo_key place = {.tag = tag};
    struct trivet_list_reading last;

    if (trivet_session_cache_reading(cache, tag, &last)) {
        if (last.begun_ms >= reading->begun_ms) {
            return;
        }
        note_age(cache, reading->begun_ms - last.begun_ms);
    }

    trivet_memo_set(cache->readings, &place, reading);
}

bool
trivet_session_cache_reading(struct trivet_session_cache *cache, uint64_t tag,
    struct trivet_list_reading *out)
{
    const struct trivet_memo_key place = {.tag = tag};

    return trivet_memo_get(cache->readings, &place, out);
}

struct trivet_session_cache_counts
trivet_session_cache_count(struct trivet_session_cache *cache)
{
    return (struct trivet_session_cache_counts){
        .num_hits = atomic_load(&cache->num_hits),
        .num_misses = atomic_load(&cache->num_misses),
        .num_drops = atomic_load(&cache->num_drops),
        .max_age_ms = atomic_load(&cache->max_age_ms),
    };
}
