/* SPDX-License-Identifier: Apache-2.0 */
/* test_session_cache.c - what was dropped is not taken, whoever was faster */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "authority/limits/session_cache.h"

enum { SIZE = 1 << 20, TAG = 7, NOW_MS = 1000 };

struct scene {
    struct trivet_session_cache *cache;
    void *memory;
};

/* In memory that a fork shares. */
static struct scene
make(size_t size)
{
    struct scene scene = {.memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0)};

    assert_true(scene.memory != MAP_FAILED);
    scene.cache = trivet_session_cache_init(scene.memory, size);
    return scene;
}

static void
free_scene(struct scene *scene)
{
    assert_int_equal(munmap(scene->memory, SIZE), 0);
}

static struct trivet_session_cache_key
key_of(uint64_t number)
{
    struct trivet_session_cache_key key = {.tag = TAG};

    for (size_t i = 0; i < TRIVET_DIGEST_LEN; i += 8) {
        number = (number + UINT64_C(0x9e3779b97f4a7c15))
                 * UINT64_C(0xbf58476d1ce4e5b9);
        memcpy(key.token_digest + i, &number, 8);
    }

    return key;
}

static struct trivet_address
address_of(unsigned char last)
{
    return (struct trivet_address){.bytes = {[15] = last}};
}

/* Ids that no two kinds share. */
static struct trivet_admission_row
row_of(int64_t number)
{
    struct trivet_admission_row row = {
        .session = {.id = number * 10 + 1,
            .expiry = {.anchored_us = 5, .timeout_s = 6},
            .device_id = number * 10 + 2,
            .api_key_id = number * 10 + 3,
            .user_id = number * 10 + 4,
            .installation_id = number * 10 + 5,
            .server_key_id = number * 10 + 6,
            .key = {.der_len = 294}},
        .num_addresses = 2,
        .addresses = {address_of(1), address_of(2)}};

    memset(row.session.key.der, (int) number, 294);
    return row;
}

static void
put(struct trivet_session_cache *cache, int64_t number, uint64_t begun)
{
    const struct trivet_session_cache_key key = key_of((uint64_t) number);
    const struct trivet_admission_row row = row_of(number);

    trivet_session_cache_put(cache, &key, begun, NOW_MS, &row);
}

static void
put_now(struct trivet_session_cache *cache, int64_t number)
{
    put(cache, number, trivet_session_cache_begin(cache));
}

static bool
get(struct trivet_session_cache *cache, int64_t number,
    struct trivet_session *out)
{
    const struct trivet_session_cache_key key = key_of((uint64_t) number);
    const struct trivet_address address = address_of(1);

    return trivet_session_cache_get(cache, &key, NOW_MS, &address, out);
}

static bool
has(struct trivet_session_cache *cache, int64_t number)
{
    struct trivet_session found;

    return get(cache, number, &found);
}

/* ---- entries ----------------------------------------------------------- */

static void
what_is_taken_is_what_was_put(void **state)
{
    struct scene scene = make(SIZE);
    const struct trivet_admission_row row = row_of(3);
    struct trivet_session found;

    (void) state;

    assert_false(has(scene.cache, 3));
    put_now(scene.cache, 3);
    assert_true(get(scene.cache, 3, &found));
    assert_int_equal(found.id, row.session.id);
    assert_int_equal(found.device_id, row.session.device_id);
    assert_int_equal(found.api_key_id, row.session.api_key_id);
    assert_int_equal(found.user_id, row.session.user_id);
    assert_int_equal(found.installation_id, row.session.installation_id);
    assert_int_equal(found.server_key_id, row.session.server_key_id);
    assert_int_equal(found.expiry.anchored_us, row.session.expiry.anchored_us);
    assert_int_equal(found.expiry.timeout_s, row.session.expiry.timeout_s);
    assert_int_equal(found.key.der_len, row.session.key.der_len);
    assert_memory_equal(found.key.der, row.session.key.der, 294);
    assert_true(found.is_address_permitted);
    assert_false(found.is_ended);
    assert_false(found.is_key_revoked);
    assert_false(found.is_server_key_retired);
    assert_false(has(scene.cache, 4));

    free_scene(&scene);
}

static void
another_token_store_or_address_is_not_found(void **state)
{
    struct scene scene = make(SIZE);
    struct trivet_session_cache_key key = key_of(3);
    const struct trivet_address named = address_of(2);
    const struct trivet_address other = address_of(3);
    struct trivet_admission_row row = row_of(3);
    struct trivet_session found;

    (void) state;

    put_now(scene.cache, 3);
    assert_true(
        trivet_session_cache_get(scene.cache, &key, NOW_MS, &named, &found));
    assert_false(
        trivet_session_cache_get(scene.cache, &key, NOW_MS, &other, &found));
    key.tag++;
    assert_false(
        trivet_session_cache_get(scene.cache, &key, NOW_MS, &named, &found));
    key.tag--;
    key.token_digest[31] ^= 1;
    assert_false(
        trivet_session_cache_get(scene.cache, &key, NOW_MS, &named, &found));
    key.token_digest[31] ^= 1;

    row.allows_all_addresses = true;
    trivet_session_cache_put(scene.cache, &key,
        trivet_session_cache_begin(scene.cache), NOW_MS, &row);
    assert_true(
        trivet_session_cache_get(scene.cache, &key, NOW_MS, &other, &found));

    free_scene(&scene);
}

static void
an_entry_has_an_end(void **state)
{
    struct scene scene = make(SIZE);
    const struct trivet_session_cache_key key = key_of(3);
    const struct trivet_address home = address_of(1);
    struct trivet_session found;

    (void) state;

    put_now(scene.cache, 3);
    assert_true(trivet_session_cache_get(scene.cache, &key,
        NOW_MS + TRIVET_SESSION_CACHE_LIFE_MS - 1, &home, &found));
    assert_false(trivet_session_cache_get(scene.cache, &key,
        NOW_MS + TRIVET_SESSION_CACHE_LIFE_MS, &home, &found));

    free_scene(&scene);
}

static void
what_does_not_fit_is_not_remembered(void **state)
{
    struct scene scene = make(SIZE);
    const struct trivet_session_cache_key key = key_of(3);
    struct trivet_admission_row row = row_of(3);

    (void) state;

    row.session.key.der_len = TRIVET_SESSION_CACHE_MAX_DER + 1;
    trivet_session_cache_put(scene.cache, &key, 0, NOW_MS, &row);
    assert_false(has(scene.cache, 3));
    row.session.key.der_len = TRIVET_SESSION_CACHE_MAX_DER;
    row.session.is_server_key_retired = true;
    trivet_session_cache_put(scene.cache, &key, 0, NOW_MS, &row);
    assert_false(has(scene.cache, 3));
    row.session.is_server_key_retired = false;
    trivet_session_cache_put(scene.cache, &key, 0, NOW_MS, &row);
    assert_true(has(scene.cache, 3));

    free_scene(&scene);
}

static void
any_size_is_kept_to(void **state)
{
    const size_t min = trivet_session_cache_min_size();

    (void) state;

    for (size_t size = min - 1; size < SIZE; size += size < min ? 1 : 7777) {
        struct scene scene = make(size);
        unsigned char *memory = scene.memory;

        assert_int_equal(scene.cache != NULL, size >= min);
        for (int64_t i = 0; scene.cache != NULL && i < 3000; i++) {
            put_now(scene.cache, i);
            trivet_session_cache_drop(scene.cache,
                (enum trivet_change_kind)(i % TRIVET_NUM_CHANGE_KINDS), i);
        }
        for (size_t i = size; i < SIZE; i++) {
            assert_int_equal(memory[i], 0);
        }
        free_scene(&scene);
    }
}

/* ---- dropping ---------------------------------------------------------- */

static void
each_kind_of_change_drops_its_sessions(void **state)
{
    (void) state;

    for (int kind = 0; kind < TRIVET_NUM_CHANGE_KINDS; kind++) {
        struct scene scene = make(SIZE);

        put_now(scene.cache, 3);
        put_now(scene.cache, 4);
        trivet_session_cache_drop(
            scene.cache, (enum trivet_change_kind) kind, 3 * 10 + kind);
        assert_false(has(scene.cache, 3));
        assert_int_equal(has(scene.cache, 4), kind != TRIVET_CHANGE_ALL);
        put_now(scene.cache, 3); /* asked for since */
        assert_true(has(scene.cache, 3));
        free_scene(&scene);
    }
}

/* The number of one kind is none of another. */
static void
another_kind_with_the_same_id_drops_nothing(void **state)
{
    struct scene scene = make(SIZE);

    (void) state;

    put_now(scene.cache, 3);
    for (int kind = 1; kind < TRIVET_NUM_CHANGE_KINDS; kind++) {
        for (int other = 1; other < TRIVET_NUM_CHANGE_KINDS; other++) {
            if (other != kind) {
                trivet_session_cache_drop(scene.cache,
                    (enum trivet_change_kind) other, 3 * 10 + kind);
            }
        }
    }
    assert_true(has(scene.cache, 3));

    free_scene(&scene);
}

static void
what_was_asked_for_before_a_change_is_not_taken_after_it(void **state)
{
    struct scene scene = make(SIZE);
    uint64_t begun = trivet_session_cache_begin(scene.cache);

    (void) state;

    trivet_session_cache_drop(scene.cache, TRIVET_CHANGE_API_KEY, 33);
    put(scene.cache, 3, begun);
    assert_false(has(scene.cache, 3));
    put(scene.cache, 4, begun); /* nothing was changed in it */
    assert_true(has(scene.cache, 4));

    put_now(scene.cache, 3);
    assert_true(has(scene.cache, 3));
    put(scene.cache, 3, begun); /* one that was slow */
    assert_false(has(scene.cache, 3));

    free_scene(&scene);
}

/* ---- readings ---------------------------------------------------------- */

static void
the_latest_reading_is_known_and_the_greatest_age(void **state)
{
    struct scene scene = make(trivet_session_cache_min_size());
    struct trivet_list_reading reading = {.begun_ms = 500, .distance_us = -3};
    struct trivet_list_reading found;

    (void) state;

    put_now(scene.cache, 3);
    assert_false(has(scene.cache, 3)); /* no room for sessions */
    assert_false(trivet_session_cache_reading(scene.cache, TAG, &found));

    trivet_session_cache_publish(scene.cache, TAG, &reading);
    assert_false(trivet_session_cache_reading(scene.cache, TAG + 1, &found));
    assert_true(trivet_session_cache_reading(scene.cache, TAG, &found));
    assert_int_equal(found.distance_us, -3);

    reading.begun_ms = 800;
    trivet_session_cache_publish(scene.cache, TAG, &reading);
    reading.begun_ms = 700; /* of another that was slow */
    trivet_session_cache_publish(scene.cache, TAG, &reading);
    assert_true(trivet_session_cache_reading(scene.cache, TAG, &found));
    assert_int_equal(found.begun_ms, 800);
    assert_int_equal(trivet_session_cache_count(scene.cache).max_age_ms, 300);

    free_scene(&scene);
}

static void
hits_misses_and_drops_are_counted(void **state)
{
    struct scene scene = make(SIZE);
    struct trivet_session_cache_counts counts;

    (void) state;

    put_now(scene.cache, 3);
    assert_true(has(scene.cache, 3));
    assert_true(has(scene.cache, 3));
    assert_false(has(scene.cache, 4));
    trivet_session_cache_miss(scene.cache);
    trivet_session_cache_drop(scene.cache, TRIVET_CHANGE_SESSION, 31);
    counts = trivet_session_cache_count(scene.cache);
    assert_int_equal(counts.num_hits, 2);
    assert_int_equal(counts.num_misses, 2);
    assert_int_equal(counts.num_drops, 1);

    free_scene(&scene);
}

/* ---- together ---------------------------------------------------------- */

enum {
    NUM_SESSIONS = 8,
    NUM_ROUNDS = 20000,
    MAX_ROUNDS = 100 * NUM_ROUNDS, /* on a busy machine: until some are taken */
    NUM_FILLERS = 3
};

/* The database: how often each session was taken away and given again. Odd: it
 * is taken away. And what a reader of the list has dropped of it. */
static struct {
    struct trivet_session_cache *cache;
    atomic_int truth[NUM_SESSIONS];
    atomic_int dropped[NUM_SESSIONS];
    atomic_bool is_over;
    atomic_int num_taken;
} world;

/* A row is asked for, and put in, as slowly as it likes; its user tells when.
 */
static void *
fill(void *opaque)
{
    (void) opaque;

    for (int64_t i = 0; !atomic_load(&world.is_over); i++) {
        int64_t number = i % NUM_SESSIONS;
        const struct trivet_session_cache_key key = key_of((uint64_t) number);
        struct trivet_admission_row row = row_of(number);
        uint64_t begun = trivet_session_cache_begin(world.cache);
        int truth = atomic_load(&world.truth[number]);

        row.session.expiry.anchored_us = truth;
        if (truth % 2 == 0) {
            trivet_session_cache_put(world.cache, &key, begun, NOW_MS, &row);
        }
    }

    return NULL;
}

static void *
take_away(void *opaque)
{
    (void) opaque;

    for (int i = 0; i < NUM_ROUNDS
                    || (atomic_load(&world.num_taken) == 0 && i < MAX_ROUNDS);
         i++)
    {
        int number = i % NUM_SESSIONS;
        int truth = atomic_fetch_add(&world.truth[number], 1) + 1;

        trivet_session_cache_drop(
            world.cache, TRIVET_CHANGE_USER, number * 10 + 4);
        atomic_store(&world.dropped[number], truth);
        (void) atomic_fetch_add(&world.truth[number], 1);
    }

    atomic_store(&world.is_over, true);
    return NULL;
}

/* What is taken was found after all that was dropped by then. */
static void *
take(void *opaque)
{
    (void) opaque;

    for (int i = 0; !atomic_load(&world.is_over); i++) {
        int number = i % NUM_SESSIONS;
        int dropped = atomic_load(&world.dropped[number]);
        struct trivet_session found;

        if (get(world.cache, number, &found)) {
            atomic_fetch_add(&world.num_taken, 1);
            if (found.expiry.anchored_us < dropped) {
                fail_msg("found %d, when %d had been dropped",
                    (int) found.expiry.anchored_us, dropped);
            }
        }
    }

    return NULL;
}

static void
threads_never_take_what_was_dropped(void **state)
{
    struct scene scene = make(SIZE);
    pthread_t threads[NUM_FILLERS + 2];

    (void) state;

    memset(&world, 0, sizeof world);
    world.cache = scene.cache;
    for (size_t i = 0; i < NUM_FILLERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, fill, NULL), 0);
    }
    assert_int_equal(
        pthread_create(&threads[NUM_FILLERS], NULL, take, NULL), 0);
    assert_int_equal(
        pthread_create(&threads[NUM_FILLERS + 1], NULL, take_away, NULL), 0);
    for (size_t i = 0; i < NUM_FILLERS + 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_true(atomic_load(&world.num_taken) > 0);

    free_scene(&scene);
}

static void
processes_share_it(void **state)
{
    struct scene scene = make(SIZE);
    int status;
    pid_t child;

    (void) state;

    put_now(scene.cache, 3);
    put_now(scene.cache, 4);
    child = fork();
    if (child == 0) {
        trivet_session_cache_drop(scene.cache, TRIVET_CHANGE_DEVICE, 32);
        put_now(scene.cache, 5);
        _exit(has(scene.cache, 4) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_false(has(scene.cache, 3));
    assert_true(has(scene.cache, 5));

    free_scene(&scene);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_taken_is_what_was_put),
        cmocka_unit_test(another_token_store_or_address_is_not_found),
        cmocka_unit_test(an_entry_has_an_end),
        cmocka_unit_test(what_does_not_fit_is_not_remembered),
        cmocka_unit_test(any_size_is_kept_to),
        cmocka_unit_test(each_kind_of_change_drops_its_sessions),
        cmocka_unit_test(another_kind_with_the_same_id_drops_nothing),
        cmocka_unit_test(
            what_was_asked_for_before_a_change_is_not_taken_after_it),
        cmocka_unit_test(the_latest_reading_is_known_and_the_greatest_age),
        cmocka_unit_test(hits_misses_and_drops_are_counted),
        cmocka_unit_test(threads_never_take_what_was_dropped),
        cmocka_unit_test(processes_share_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
