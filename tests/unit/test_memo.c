/* SPDX-License-Identifier: Apache-2.0 */
/* test_memo.c - what is read is what was put, whole, or nothing */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/memo.h"

enum { VALUE_LEN = 256 };

struct scene {
    struct trivet_memo *memo;
    void *memory;
    size_t size;
};

/* In memory that a fork shares. */
static struct scene
make(size_t num_entries, size_t value_len)
{
    struct scene scene = {.size = trivet_memo_size(num_entries, value_len)};

    scene.memory = mmap(NULL, scene.size, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(scene.memory != MAP_FAILED);
    scene.memo = trivet_memo_init(scene.memory, num_entries, value_len);

    return scene;
}

static void
drop(struct scene *scene)
{
    assert_int_equal(munmap(scene->memory, scene->size), 0);
}

/* Spread as digests are. */
static struct trivet_memo_key
key_of(uint64_t tag, uint64_t number)
{
    struct trivet_memo_key key = {.tag = tag};
    uint64_t word = number;

    for (size_t i = 0; i < TRIVET_MEMO_DIGEST_LEN; i += 8) {
        word = (word + UINT64_C(0x9e3779b97f4a7c15))
               * UINT64_C(0xbf58476d1ce4e5b9);
        word ^= word >> 29;
        memcpy(key.digest + i, &word, 8);
    }

    return key;
}

/* A value that tells its key in every word. */
static void
value_of(const struct trivet_memo_key *key, unsigned char out[VALUE_LEN])
{
    for (size_t i = 0; i < VALUE_LEN; i++) {
        out[i] = (unsigned char) (key->digest[i % TRIVET_MEMO_DIGEST_LEN] ^ i
                                  ^ key->tag);
    }
}

static void
put(struct trivet_memo *memo, uint64_t tag, uint64_t number)
{
    struct trivet_memo_key key = key_of(tag, number);
    unsigned char value[VALUE_LEN];

    value_of(&key, value);
    trivet_memo_put(memo, &key, value);
}

/* Whether it is remembered; with another value than its own: a failure. */
static bool
has(struct trivet_memo *memo, uint64_t tag, uint64_t number)
{
    struct trivet_memo_key key = key_of(tag, number);
    unsigned char expected[VALUE_LEN];
    unsigned char value[VALUE_LEN];

    if (!trivet_memo_get(memo, &key, value)) {
        return false;
    }

    value_of(&key, expected);
    if (memcmp(value, expected, VALUE_LEN) != 0) {
        fail_msg("a value of another key, or half a one");
    }

    return true;
}

static void
what_was_put_is_read_and_nothing_else(void **state)
{
    struct scene scene = make(1024, VALUE_LEN);

    (void) state;

    assert_false(has(scene.memo, 1, 7));
    put(scene.memo, 1, 7);
    assert_true(has(scene.memo, 1, 7));
    assert_false(has(scene.memo, 2, 7));
    assert_false(has(scene.memo, 1, 8));

    drop(&scene);
}

static void
one_bit_of_the_key_is_another_key(void **state)
{
    struct scene scene = make(1024, VALUE_LEN);
    struct trivet_memo_key key = key_of(1, 7);
    unsigned char value[VALUE_LEN];

    (void) state;

    put(scene.memo, 1, 7);
    for (size_t i = 0; i < TRIVET_MEMO_DIGEST_LEN * 8; i++) {
        key.digest[i / 8] ^= (unsigned char) (1U << i % 8);
        assert_false(trivet_memo_get(scene.memo, &key, value));
        key.digest[i / 8] ^= (unsigned char) (1U << i % 8);
    }
    for (size_t i = 0; i < 64; i++) {
        key.tag ^= UINT64_C(1) << i;
        assert_false(trivet_memo_get(scene.memo, &key, value));
        key.tag ^= UINT64_C(1) << i;
    }
    assert_true(trivet_memo_get(scene.memo, &key, value));

    drop(&scene);
}

static void
a_value_put_before_is_not_changed(void **state)
{
    struct scene scene = make(64, VALUE_LEN);
    struct trivet_memo_key key = key_of(1, 7);
    const unsigned char other[VALUE_LEN] = {0};

    (void) state;

    put(scene.memo, 1, 7);
    trivet_memo_put(scene.memo, &key, other);
    assert_true(has(scene.memo, 1, 7));

    drop(&scene);
}

static void
a_value_that_is_set_takes_the_place_of_another(void **state)
{
    struct scene scene = make(64, VALUE_LEN);
    struct trivet_memo_key key = key_of(1, 7);
    const unsigned char other[VALUE_LEN] = {1};
    unsigned char value[VALUE_LEN];

    (void) state;

    trivet_memo_set(scene.memo, &key, other);
    assert_true(trivet_memo_get(scene.memo, &key, value));
    assert_memory_equal(value, other, VALUE_LEN);

    put(scene.memo, 1, 8);
    for (int i = 0; i < 100; i++) {
        value_of(&key, value);
        value[0] = (unsigned char) i;
        trivet_memo_set(scene.memo, &key, value);
        assert_true(trivet_memo_get(scene.memo, &key, value));
        assert_int_equal(value[0], i);
    }
    assert_true(has(scene.memo, 1, 8)); /* they take one place together */

    drop(&scene);
}

static void
keys_alone_can_be_remembered(void **state)
{
    struct scene scene = make(64, 0);
    struct trivet_memo_key one = key_of(1, 1);
    struct trivet_memo_key two = key_of(1, 2);

    (void) state;

    trivet_memo_put(scene.memo, &one, NULL);
    assert_true(trivet_memo_get(scene.memo, &one, NULL));
    assert_false(trivet_memo_get(scene.memo, &two, NULL));

    drop(&scene);
}

static void
what_is_asked_for_outlasts_a_flood(void **state)
{
    enum { NUM_ASKED = 64, NUM_FLOOD = 100000 };
    struct scene scene = make(4096, VALUE_LEN);
    size_t num_left = 0;

    (void) state;

    for (uint64_t i = 0; i < NUM_ASKED; i++) {
        put(scene.memo, 1, i);
    }
    for (uint64_t i = 0; i < NUM_FLOOD; i++) {
        put(scene.memo, 2, i);
        (void) has(scene.memo, 1, i % NUM_ASKED);
    }
    for (uint64_t i = 0; i < NUM_ASKED; i++) {
        num_left += has(scene.memo, 1, i);
    }

    /* Nothing promises all of them; without the rule, none would be left. */
    assert_true(num_left > NUM_ASKED / 2);

    drop(&scene);
}

static void
a_memo_of_any_size_forgets_and_goes_on(void **state)
{
    static const size_t sizes[] = {1, 3, 4, 5, 100};

    (void) state;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct scene scene = make(sizes[i], VALUE_LEN);
        size_t num_left = 0;

        for (uint64_t number = 0; number < 1000; number++) {
            put(scene.memo, 1, number);
            assert_true(has(scene.memo, 1, number));
        }
        for (uint64_t number = 0; number < 1000; number++) {
            num_left += has(scene.memo, 1, number);
        }
        assert_true(num_left >= 1 && num_left <= (sizes[i] + 3) / 4 * 4);

        drop(&scene);
    }
}

static void
what_fits_fits(void **state)
{
    (void) state;

    assert_int_equal(trivet_memo_fit(0, VALUE_LEN), 0);
    assert_int_equal(trivet_memo_fit(100, VALUE_LEN), 0);

    for (size_t size = 0; size < 100000; size += 777) {
        size_t num = trivet_memo_fit(size, VALUE_LEN);

        assert_true(num == 0 || trivet_memo_size(num, VALUE_LEN) <= size);
        assert_true(trivet_memo_size(num + 1, VALUE_LEN) > size);
    }
}

/* ---- together ---------------------------------------------------------- */

enum { NUM_THREADS = 4, NUM_ROUNDS = 100000, NUM_NUMBERS = 97 };

static atomic_uint num_found;

/* Far more keys than places, so that slots are written over all the time. */
static void *
put_and_read(void *opaque)
{
    struct trivet_memo *memo = opaque;

    for (uint64_t i = 0; i < NUM_ROUNDS; i++) {
        put(memo, 1, i * 31 % NUM_NUMBERS);
        if (has(memo, 1, i * 17 % NUM_NUMBERS)) {
            atomic_fetch_add(&num_found, 1);
        }
    }

    return NULL;
}

static void
threads_read_whole_values_only(void **state)
{
    struct scene scene = make(8, VALUE_LEN);
    pthread_t threads[NUM_THREADS];

    (void) state;

    for (size_t i = 0; i < NUM_THREADS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, put_and_read, scene.memo), 0);
    }
    for (size_t i = 0; i < NUM_THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_true(atomic_load(&num_found) > 0);

    drop(&scene);
}

static void
a_writer_that_is_killed_harms_nobody(void **state)
{
    enum { NUM_KILLED = 20 };
    struct scene scene = make(4096, VALUE_LEN);

    (void) state;

    for (int round = 0; round < NUM_KILLED; round++) {
        pid_t child = fork();

        if (child == 0) {
            for (uint64_t i = 0;; i++) {
                put(scene.memo, 1, i % 20000);
            }
        }

        assert_true(child > 0);
        (void) usleep(2000);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);

        for (uint64_t i = 0; i < 20000; i++) {
            (void) has(scene.memo, 1, i); /* fails on half a value */
        }
    }

    put(scene.memo, 2, 1);
    assert_true(has(scene.memo, 2, 1));

    drop(&scene);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_read_and_nothing_else),
        cmocka_unit_test(one_bit_of_the_key_is_another_key),
        cmocka_unit_test(a_value_put_before_is_not_changed),
        cmocka_unit_test(a_value_that_is_set_takes_the_place_of_another),
        cmocka_unit_test(keys_alone_can_be_remembered),
        cmocka_unit_test(what_is_asked_for_outlasts_a_flood),
        cmocka_unit_test(a_memo_of_any_size_forgets_and_goes_on),
        cmocka_unit_test(what_fits_fits),
        cmocka_unit_test(threads_read_whole_values_only),
        cmocka_unit_test(a_writer_that_is_killed_harms_nobody),
    };

    return cmocka_run_group_tests_name("memo", tests, NULL, NULL);
}
