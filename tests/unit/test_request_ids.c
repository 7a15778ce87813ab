/* SPDX-License-Identifier: Apache-2.0 */
/* test_request_ids.c - ids are taken once, by threads and processes at once */
#define _DEFAULT_SOURCE
#include "tests/unit/unit.h"

#include "tests/unit/scratch.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "authority/limits/request_ids.h"

enum {
    NUM_PROCESSES = 4,
    NUM_THREADS = 4,
    NUM_IDS = 5000, /* far fewer than there is room for */
    CAPACITY = TRIVET_NUM_REQUEST_ID_SETS * TRIVET_REQUEST_ID_SET_SIZE
};

/* In memory that children share. */
static struct shared {
    struct trivet_request_id_table table;
    atomic_int num_taken[NUM_IDS];
    atomic_int num_ready;
} * shared;

static struct trivet_request_ids here;

static int
set_up(void **state)
{
    (void) state;

    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    assert_int_equal(trivet_request_ids_init(&shared->table), TRIVET_OK);
    trivet_request_ids_use(&shared->table, &here);
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
take_of(struct trivet_request_ids *ids, uint64_t fingerprint, uint64_t set)
{
    unsigned char digest[TRIVET_DIGEST_LEN];
    bool is_new = false;

    make_digest(fingerprint, set, digest);
    assert_int_equal(
        trivet_request_ids_reserve(ids, digest, &is_new), TRIVET_OK);
    return is_new;
}

static bool
take(uint64_t fingerprint, uint64_t set)
{
    return take_of(&here, fingerprint, set);
}

static void
release(uint64_t fingerprint, uint64_t set)
{
    unsigned char digest[TRIVET_DIGEST_LEN];

    make_digest(fingerprint, set, digest);
    trivet_request_ids_release(&here, digest);
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
        release(id, 0);
        release(id, 0);
        release(id + 100, 0);
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
        (void) sched_yield();
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
            (void) pthread_mutex_lock(&shared->table.mutex);
            (void) kill(getpid(), SIGKILL);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_false(take(1, 1));
        assert_true(take(round, 1));
        assert_false(take(round, 1));
    }
}

/* ---- in a file ---------------------------------------------------------- */

static struct scratch scratch;
static char path[MAX_SCRATCH_PATH];

static int
set_up_file(void **state)
{
    (void) state;

    scratch_make(&scratch);
    scratch_name(&scratch, "request-ids", path);
    return 0;
}

static int
tear_down_file(void **state)
{
    (void) state;

    scratch_remove(&scratch);
    return 0;
}

static struct trivet_request_ids
open_file(void)
{
    struct trivet_request_ids ids;

    assert_int_equal(
        trivet_request_ids_open(path, 1000, &ids, NULL), TRIVET_OK);
    return ids;
}

static void
assert_unavailable(struct trivet_request_ids *ids)
{
    unsigned char digest[TRIVET_DIGEST_LEN];
    bool is_new;

    make_digest(99, 99, digest);
    assert_int_equal(
        trivet_request_ids_reserve(ids, digest, &is_new), TRIVET_E_UNAVAILABLE);
    trivet_request_ids_release(ids, digest);
}

static void
assert_not_opened(void)
{
    struct trivet_request_ids ids;
    struct trivet_error err;

    assert_int_equal(
        trivet_request_ids_open(path, 30, &ids, &err), TRIVET_E_UNAVAILABLE);
    assert_non_null(strstr(err.detail, path));
    assert_unavailable(&ids);
}

static void
write_file(const void *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void
all_that_open_the_file_share_it(void **state)
{
    struct trivet_request_ids one = open_file();
    struct trivet_request_ids two = open_file();
    struct stat info;

    (void) state;

    assert_memory_equal(one.secret, two.secret, sizeof one.secret);
    assert_true(take_of(&one, 1, 1));
    assert_false(take_of(&two, 1, 1));
    assert_true(take_of(&two, 2, 1));
    trivet_request_ids_close(&one);
    one = open_file();
    assert_false(take_of(&one, 2, 1));
    trivet_request_ids_close(&one);
    trivet_request_ids_close(&two);

    one = open_file(); /* after all of them ended */
    assert_false(take_of(&one, 1, 1));
    assert_true(take_of(&one, 3, 1));
    trivet_request_ids_close(&one);
    assert_unavailable(&one);

    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(info.st_size, sizeof(struct trivet_request_id_table));
    assert_true(info.st_blocks * 512 >= info.st_size);
}

static void
what_is_no_table_is_made_one(void **state)
{
    static unsigned char garbage[sizeof(struct trivet_request_id_table) + 99];
    const size_t lens[] = {
        0, 1, 4096, sizeof garbage - 100, sizeof garbage - 99, sizeof garbage};

    (void) state;

    memset(garbage, 0xa5, sizeof garbage);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct trivet_request_ids ids;

        write_file(garbage, lens[i]);
        assert_int_equal(chmod(path, 0644), 0);
        ids = open_file();
        assert_true(take_of(&ids, 1, 1));
        assert_false(take_of(&ids, 1, 1));
        trivet_request_ids_close(&ids);
    }
}

static void
a_file_that_was_cut_off_or_removed_is_known_by_no_one(void **state)
{
    struct trivet_request_ids ids = open_file();
    struct trivet_request_ids later;

    (void) state;

    assert_true(take_of(&ids, 1, 1));
    assert_int_equal(truncate(path, 4096), 0);
    assert_unavailable(&ids);
    assert_not_opened(); /* while another has it */
    assert_int_equal(truncate(path, 0), 0);
    assert_unavailable(&ids);
    trivet_request_ids_close(&ids);

    ids = open_file();
    assert_true(take_of(&ids, 1, 1));
    assert_int_equal(unlink(path), 0);
    assert_unavailable(&ids);
    later = open_file();
    assert_true(take_of(&later, 1, 1));
    assert_unavailable(&ids);
    trivet_request_ids_close(&later);
    trivet_request_ids_close(&ids);
}

static void
what_is_not_ours_is_refused(void **state)
{
    char other[MAX_SCRATCH_PATH];
    int fd;

    (void) state;

    scratch_name(&scratch, "other", other);
    assert_int_equal(symlink(other, path), 0);
    assert_not_opened();
    assert_int_not_equal(access(other, F_OK), 0);
    assert_int_equal(unlink(path), 0);

    assert_int_equal(mkfifo(path, 0600), 0);
    assert_not_opened();
    assert_int_equal(unlink(path), 0);

    write_file("x", 1);
    assert_int_equal(link(path, other), 0);
    assert_not_opened();
    assert_int_equal(unlink(other), 0);

    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_not_opened();
    assert_int_equal(close(fd), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 12345, 12345), 0);
        assert_not_opened();
    }
}

/* Of another layout: not while its process lives. */
static void
another_version_s_table_is_left_to_it(void **state)
{
    struct trivet_request_ids ids = open_file();
    struct trivet_request_id_table *other = ids.table;

    (void) state;

    other->form++;
    assert_not_opened();
    trivet_request_ids_close(&ids);
    ids = open_file();
    assert_true(take_of(&ids, 1, 1));
    trivet_request_ids_close(&ids);
}

/* A child that has the mutex, and is killed or only stopped. */
static void
a_mutex_that_is_held_stops_nobody_for_ever(void **state)
{
    struct trivet_request_ids ids = open_file();
    pid_t child;
    int status;

    (void) state;

    assert_true(take_of(&ids, 1, 1));
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct trivet_request_id_table *table = ids.table;

        (void) pthread_mutex_lock(&table->mutex);
        (void) raise(SIGSTOP);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    assert_unavailable(&ids);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(take_of(&ids, 1, 1));
    assert_true(take_of(&ids, 2, 1));

    /* All are gone, and none could give the mutex back, as with the power. */
    {
        struct trivet_request_id_table *table = ids.table;

        memset(&table->mutex, 0x7f, sizeof table->mutex);
    }
    trivet_request_ids_close(&ids);
    ids = open_file();
    assert_false(take_of(&ids, 2, 1));
    assert_true(take_of(&ids, 3, 1));
    trivet_request_ids_close(&ids);
}

#define FILE_TEST(name)                                                        \
    cmocka_unit_test_setup_teardown(name, set_up_file, tear_down_file)
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
        FILE_TEST(all_that_open_the_file_share_it),
        FILE_TEST(what_is_no_table_is_made_one),
        FILE_TEST(a_file_that_was_cut_off_or_removed_is_known_by_no_one),
        FILE_TEST(what_is_not_ours_is_refused),
        FILE_TEST(another_version_s_table_is_left_to_it),
        FILE_TEST(a_mutex_that_is_held_stops_nobody_for_ever),
    };

    return cmocka_run_group_tests_name("request_ids", tests, NULL, NULL);
}
