/* SPDX-License-Identifier: Apache-2.0 */
/* test_request_ids.c - ids are taken once, by threads and processes at once */
#define _DEFAULT_SOURCE
#include "tests/unit/unit.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "authority/request_ids.h"

enum {
    NUM_PROCESSES = 4,
    NUM_THREADS = 4,
    NUM_IDS = 5000, /* far fewer than there is room for */
    CAPACITY = TRIVET_NUM_REQUEST_ID_SETS * TRIVET_REQUEST_ID_SET_SIZE
};

/* In memory that children share. */
static struct shared {
    struct trivet_request_ids ids;
    atomic_int num_taken[NUM_IDS];
    atomic_int num_ready;
} * shared;

static int
set_up(void **state)
{
    (void) state;

    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    assert_int_equal(trivet_request_ids_init(&shared->ids), TRIVET_OK);
    return 0;
}

static int
tear_down(void **state)
{
    (void) state;

    return munmap(shared, sizeof *shared);
}

/* A digest of number: its fingerprint, and its set. */
static void
make_digest(
    uint64_t fingerprint, uint64_t set, unsigned char out[TRIVET_DIGEST_LEN])
{
    memset(out, 0xa5, TRIVET_DIGEST_LEN);
    memcpy(out, &fingerprint, sizeof fingerprint);
    memcpy(out + sizeof fingerprint, &set, sizeof set);
}

static bool
take(uint64_t fingerprint, uint64_t set)
{
    unsigned char digest[TRIVET_DIGEST_LEN];

    make_digest(fingerprint, set, digest);
    return trivet_request_ids_take(&shared->ids, digest);
}

static void
give_back(uint64_t fingerprint, uint64_t set)
{
    unsigned char digest[TRIVET_DIGEST_LEN];

    make_digest(fingerprint, set, digest);
    trivet_request_ids_give_back(&shared->ids, digest);
}

static void
an_id_is_taken_once(void **state)
{
    (void) state;

    assert_true(take(7, 1));
    assert_false(take(7, 1));
    assert_true(take(8, 1));
    assert_true(take(7, 2));
    assert_false(take(7, 1));
    assert_false(take(8, 1));
    /* "none" is no id */
    assert_true(take(0, 3));
    assert_false(take(0, 3));
    assert_true(take(UINT64_MAX, UINT64_MAX));
    assert_false(take(UINT64_MAX, UINT64_MAX));
}

static void
what_is_given_back_may_be_taken_again(void **state)
{
    (void) state;

    for (uint64_t id = 1; id <= TRIVET_REQUEST_ID_SET_SIZE; id++) {
        assert_true(take(id, 0));
    }
    for (uint64_t id = 1; id <= TRIVET_REQUEST_ID_SET_SIZE; id++) {
        give_back(id, 0);
        give_back(id, 0);
        give_back(id + 100, 0);
        for (uint64_t other = 1; other <= TRIVET_REQUEST_ID_SET_SIZE; other++) {
            bool is_new = take(other, 0);

            assert_int_equal(is_new, other == id);
        }
    }
}

/* Of each set; the others know nothing of it. */
static void
the_oldest_is_forgotten_first(void **state)
{
    enum { SIZE = TRIVET_REQUEST_ID_SET_SIZE };

    (void) state;

    assert_true(take(1, 5));
    for (uint64_t id = 1; id <= SIZE; id++) {
        assert_true(take(id, 4));
    }
    for (uint64_t id = SIZE + 1; id <= 5 * SIZE; id++) {
        assert_true(take(id, 4));
        for (uint64_t known = id - SIZE + 1; known <= id; known++) {
            assert_false(take(known, 4));
        }
    }
    assert_true(take(1, 4));
    assert_false(take(1, 5));
}

static void
new_ids_are_taken_for_ever(void **state)
{
    (void) state;

    for (uint64_t id = 1; id <= 2 * (uint64_t) CAPACITY; id++) {
        assert_true(take(id, id));
    }
    for (uint64_t id = CAPACITY + 1; id <= 2 * (uint64_t) CAPACITY; id++) {
        assert_false(take(id, id));
    }
}

/* ---- at once ------------------------------------------------------------ */

static void *
take_all(void *unused)
{
    (void) unused;

    atomic_fetch_add(&shared->num_ready, 1);
    while (atomic_load(&shared->num_ready) < NUM_PROCESSES * NUM_THREADS) {
    }

    for (uint64_t id = 0; id < NUM_IDS; id++) {
        if (take(id + 1, id)) {
            atomic_fetch_add(&shared->num_taken[id], 1);
        }
    }

    return NULL;
}

static void
run_threads(void)
{
    pthread_t threads[NUM_THREADS];

    for (size_t i = 0; i < NUM_THREADS; i++) {
        if (pthread_create(&threads[i], NULL, take_all, NULL) != 0) {
            _exit(1);
        }
    }
    for (size_t i = 0; i < NUM_THREADS; i++) {
        (void) pthread_join(threads[i], NULL);
    }
}

static void
threads_of_several_processes_take_each_id_once(void **state)
{
    (void) state;

    for (size_t i = 0; i < NUM_PROCESSES; i++) {
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
            run_threads();
            _exit(0);
        }
    }
    for (size_t i = 0; i < NUM_PROCESSES; i++) {
        int status;

        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    for (size_t id = 0; id < NUM_IDS; id++) {
        assert_int_equal(atomic_load(&shared->num_taken[id]), 1);
    }
}

/* As a worker that is killed in the midst of it. */
static void
a_process_that_dies_leaves_the_table_to_others(void **state)
{
    (void) state;

    assert_true(take(1, 1));
    for (uint64_t round = 2; round < 5; round++) {
        pid_t child = fork();
        int status;

        assert_true(child >= 0);
        if (child == 0) {
            (void) pthread_mutex_lock(&shared->ids.mutex);
            (void) kill(getpid(), SIGKILL);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_false(take(1, 1));
        assert_true(take(round, 1));
        assert_false(take(round, 1));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_id_is_taken_once),
        TEST(what_is_given_back_may_be_taken_again),
        TEST(the_oldest_is_forgotten_first),
        TEST(new_ids_are_taken_for_ever),
        TEST(threads_of_several_processes_take_each_id_once),
        TEST(a_process_that_dies_leaves_the_table_to_others),
    };

    return cmocka_run_group_tests_name("request_ids", tests, NULL, NULL);
}
