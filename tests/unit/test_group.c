/* SPDX-License-Identifier: Apache-2.0 */
/* test_group.c - threads that share a commit: each change is there, or not */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/scratch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "store/group.h"
#include "store/noun/audit.h"
#include "store/noun/user.h"
#include "store/store.h"

enum { NUM_THREADS = 8, NUM_ROUNDS = 25, NOW_US = 1000000 };

static struct scratch scratch;
static struct trivet_group *group;

static int
set_up(void **state)
{
    struct trivet_store *store;

    (void) state;

    scratch_make(&scratch);
    assert_int_equal(
        trivet_store_open(scratch.url, TRIVET_STORE_MIGRATE, &store, NULL),
        TRIVET_OK);
    trivet_store_close(store);
    group = trivet_group_new(scratch.url, NULL);
    assert_non_null(group);
    return 0;
}

static int
tear_down(void **state)
{
    (void) state;

    trivet_group_free(group);
    scratch_remove(&scratch);
    return 0;
}

static void
wait_ms(long ms)
{
    const struct timespec time = {.tv_nsec = ms * 1000000};

    (void) nanosleep(&time, NULL);
}

static enum trivet_status
put_user(struct trivet_store *store, const char *name)
{
    struct trivet_user user = {.session_timeout_s = 60};

    (void) snprintf(user.display_name, sizeof user.display_name, "%s", name);
    (void) snprintf(user.public_uuid, sizeof user.public_uuid, "%s", name);
    return trivet_store_user_put(store, &user, NOW_US, NULL);
}

static int64_t
count_users(const char *name)
{
    char sql[256];

    (void) snprintf(sql, sizeof sql,
        "SELECT COUNT(*) FROM users WHERE display_name LIKE '%s'", name);
    return scratch_sql(&scratch, sql);
}

static void
fail_for_fault(void *user, const struct trivet_audit_fault *fault)
{
    (void) user;
    fail_msg("the audit has a fault at row %d", (int) fault->first);
}

/* The chain holds, and has a row for each user. */
static void
assert_audit(int64_t num_rows)
{
    const struct trivet_audit_inquiry inquiry = {.on_fault = fail_for_fault};
    struct trivet_audit_report report;
    struct trivet_store *store;

    assert_int_equal(
        trivet_store_open(scratch.url, TRIVET_STORE_EXISTING, &store, NULL),
        TRIVET_OK);
    assert_int_equal(
        trivet_store_audit_verify(store, &inquiry, &report, NULL), TRIVET_OK);
    assert_int_equal(report.num_rows, num_rows);
    trivet_store_close(store);
}

/* Work that is wanted or not, with a status of its own. */
struct member {
    const char *name;
    enum trivet_status status; /* that it leaves with */
    bool keep;
    bool does_again;           /* others were in the way, once */
    bool breaks_store;         /* as a full disk does: all is rolled back */
    const char *repeats;       /* a name that must be nobody's: a constraint */
    enum trivet_status ending; /* what leave returned */
    atomic_bool is_in;
    atomic_bool may_leave;
    atomic_bool has_left;
};

static void *
be_member(void *opaque)
{
    struct member *member = opaque;
    struct trivet_error err = {.status = member->status};
    struct trivet_store *store;

    assert_int_equal(trivet_group_enter(group, &store, NULL), TRIVET_OK);
    assert_int_equal(put_user(store, member->name), TRIVET_OK);
    if (member->repeats != NULL) {
        member->status = put_user(store, member->repeats);
        assert_int_equal(member->status, TRIVET_E_CONFLICT);
    }
    if (member->does_again) {
        assert_int_equal(trivet_group_again(group, &store, NULL), TRIVET_OK);
        assert_int_equal(put_user(store, member->name), TRIVET_OK);
    }
    if (member->breaks_store) {
        trivet_store_rollback(store);
    }
    atomic_store(&member->is_in, true);
    while (!atomic_load(&member->may_leave)) {
        wait_ms(1);
    }
    member->ending =
        trivet_group_leave(group, member->status, member->keep, &err);
    atomic_store(&member->has_left, true);
    return NULL;
}

static void
wait_for(atomic_bool *flag)
{
    for (int i = 0; i < 10000 && !atomic_load(flag); i++) {
        wait_ms(1);
    }
    assert_true(atomic_load(flag));
}

/* Two that share a commit: the second waits while the first is in. */
static void
run_two(struct member *first, struct member *second)
{
    pthread_t threads[2];

    assert_int_equal(pthread_create(&threads[0], NULL, be_member, first), 0);
    wait_for(&first->is_in);
    assert_int_equal(pthread_create(&threads[1], NULL, be_member, second), 0);
    wait_ms(100); /* it waits for its turn now */
    assert_false(atomic_load(&second->is_in));
    atomic_store(&first->may_leave, true);
    wait_for(&second->is_in);

    if (first->keep && first->status == TRIVET_OK) {
        wait_ms(50); /* not durable yet: not told so, not seen */
        assert_false(atomic_load(&first->has_left));
        assert_int_equal(count_users(first->name), 0);
    }

    atomic_store(&second->may_leave, true);
    assert_int_equal(pthread_join(threads[0], NULL), 0);
    assert_int_equal(pthread_join(threads[1], NULL), 0);
}

static void
one_alone_is_committed_at_once(void **state)
{
    struct member one = {.name = "one", .keep = true, .may_leave = true};

    (void) state;

    (void) be_member(&one);
    assert_int_equal(one.ending, TRIVET_OK);
    assert_int_equal(count_users("one"), 1);
    assert_audit(1);
}

static void
one_that_is_not_wanted_leaves_nothing(void **state)
{
    struct member one = {.name = "one", .may_leave = true};
    struct member two = {.name = "two",
        .keep = true,
        .may_leave = true,
        .status = TRIVET_E_CONFLICT};

    (void) state;

    (void) be_member(&one);
    (void) be_member(&two);
    assert_int_equal(one.ending, TRIVET_OK);
    assert_int_equal(two.ending, TRIVET_E_CONFLICT);
    assert_int_equal(count_users("%"), 0);
    assert_audit(0);
}

static void
two_share_a_commit(void **state)
{
    struct member one = {.name = "one", .keep = true};
    struct member two = {.name = "two", .keep = true};

    (void) state;

    run_two(&one, &two);
    assert_int_equal(one.ending, TRIVET_OK);
    assert_int_equal(two.ending, TRIVET_OK);
    assert_int_equal(count_users("%"), 2);
    assert_audit(2);
}

static void
what_is_taken_back_is_its_own_alone(void **state)
{
    struct member one = {.name = "one", .keep = true};
    struct member two = {.name = "two"};
    struct member three = {.name = "three"};
    struct member four = {.name = "four", .keep = true};

    (void) state;

    run_two(&one, &two);
    run_two(&three, &four);
    assert_int_equal(one.ending, TRIVET_OK);
    assert_int_equal(four.ending, TRIVET_OK);
    assert_int_equal(count_users("one"), 1);
    assert_int_equal(count_users("four"), 1);
    assert_int_equal(count_users("%"), 2);
    assert_audit(2);
}

/* Whoever waits for others no longer holds anything of those before him. */
static void
who_does_it_again_does_so_alone(void **state)
{
    struct member one = {.name = "one", .keep = true};
    struct member two = {.name = "two", .keep = true, .does_again = true};
    struct member three = {
        .name = "three", .keep = true, .does_again = true, .may_leave = true};
    pthread_t threads[2];

    (void) state;

    assert_int_equal(pthread_create(&threads[0], NULL, be_member, &one), 0);
    wait_for(&one.is_in);
    assert_int_equal(pthread_create(&threads[1], NULL, be_member, &two), 0);
    wait_ms(100); /* it waits for its turn now */
    atomic_store(&one.may_leave, true);
    wait_for(&two.is_in);
    wait_for(&one.has_left);
    assert_int_equal(one.ending, TRIVET_OK);
    assert_int_equal(count_users("one"), 1);
    assert_int_equal(count_users("two"), 0);

    atomic_store(&two.may_leave, true);
    assert_int_equal(pthread_join(threads[0], NULL), 0);
    assert_int_equal(pthread_join(threads[1], NULL), 0);
    (void) be_member(&three);
    assert_int_equal(two.ending, TRIVET_OK);
    assert_int_equal(three.ending, TRIVET_OK);
    assert_int_equal(count_users("two"), 1);
    assert_int_equal(count_users("%"), 3);
    assert_audit(3);
}

/* Between two that are well: one that fails, for a reason of its own. */
static void
assert_fails_alone(struct member bad)
{
    struct member one = {.name = "one", .keep = true};
    struct member last = {.name = "last", .keep = true};

    bad.name = "bad";
    run_two(&one, &bad);
    assert_int_equal(one.ending, TRIVET_OK);
    assert_int_equal(bad.ending, bad.status);
    assert_int_not_equal(bad.ending, TRIVET_OK);

    bad.is_in = false;
    bad.may_leave = false;
    bad.has_left = false;
    run_two(&bad, &last);
    assert_int_equal(bad.ending, bad.status);
    assert_int_equal(last.ending, TRIVET_OK);

    assert_int_equal(count_users("bad"), 0);
    assert_int_equal(count_users("%"), 2);
    assert_audit(2);
}

static void
one_that_runs_out_of_memory_fails_alone(void **state)
{
    (void) state;

    assert_fails_alone(
        (struct member){.keep = true, .status = TRIVET_E_MEMORY});
}

static void
one_that_breaks_a_constraint_fails_alone(void **state)
{
    (void) state;

    assert_fails_alone((struct member){.keep = true, .repeats = "bad"});
}

/* Something else than the store may be out of reach: the store was well. */
static void
one_that_finds_something_unavailable_fails_alone(void **state)
{
    (void) state;

    assert_fails_alone(
        (struct member){.keep = true, .status = TRIVET_E_UNAVAILABLE});
}

/* Also when the one that had the turn says that all is well, or that it does
 * not want its work. */
static void
a_store_that_fails_one_fails_all_that_wait(void **state)
{
    struct member bads[] = {
        {.name = "bad", .keep = true},
        {.name = "bad", .keep = false},
        {.name = "bad", .keep = true, .status = TRIVET_E_MEMORY},
        {.name = "bad", .keep = true, .status = TRIVET_E_UNAVAILABLE},
    };
    struct member three = {.name = "three", .keep = true, .may_leave = true};

    (void) state;

    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        struct member one = {.name = "one", .keep = true};

        bads[i].breaks_store = true;
        run_two(&one, &bads[i]);
        assert_int_equal(one.ending, TRIVET_E_UNAVAILABLE);
        assert_int_equal(bads[i].ending, TRIVET_E_UNAVAILABLE);
        assert_int_equal(count_users("%"), 0);
    }

    (void) be_member(&three); /* and the next is served again */
    assert_int_equal(three.ending, TRIVET_OK);
    assert_int_equal(count_users("%"), 1);
    assert_audit(1);
}

static void
a_store_that_is_gone_lets_nobody_in(void **state)
{
    struct member one = {.name = "one", .keep = true, .may_leave = true};
    struct trivet_error err = {.status = TRIVET_OK};
    struct trivet_store *store;
    char elsewhere[MAX_SCRATCH_PATH];

    (void) state;
    sqlite_alone();

    scratch_name(&scratch, "elsewhere", elsewhere);
    assert_int_equal(rename(scratch.path, elsewhere), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            trivet_group_enter(group, &store, &err), TRIVET_E_UNAVAILABLE);
        assert_int_equal(err.status, TRIVET_E_UNAVAILABLE);
    }
    assert_int_equal(rename(elsewhere, scratch.path), 0);
    (void) be_member(&one);
    assert_int_equal(one.ending, TRIVET_OK);
    assert_int_equal(count_users("one"), 1);
}

/* ---- many -------------------------------------------------------------- */

static atomic_uint num_kept;

static void *
work(void *opaque)
{
    size_t number = *(const size_t *) opaque;

    for (size_t i = 0; i < NUM_ROUNDS; i++) {
        struct trivet_store *store;
        bool keep = (number + i) % 3 != 0;
        char name[32];

        (void) snprintf(
            name, sizeof name, "%s-%zu-%zu", keep ? "kept" : "not", number, i);
        assert_int_equal(trivet_group_enter(group, &store, NULL), TRIVET_OK);
        assert_int_equal(put_user(store, name), TRIVET_OK);
        assert_int_equal(
            trivet_group_leave(group, TRIVET_OK, keep, NULL), TRIVET_OK);

        assert_int_equal(count_users(name), keep);
        atomic_fetch_add(&num_kept, keep);
    }

    return NULL;
}

static void
many_at_once_each_find_their_own(void **state)
{
    pthread_t threads[NUM_THREADS];
    size_t numbers[NUM_THREADS];

    (void) state;

    for (size_t i = 0; i < NUM_THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(
            pthread_create(&threads[i], NULL, work, &numbers[i]), 0);
    }
    for (size_t i = 0; i < NUM_THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }

    assert_int_equal(count_users("kept-%"), atomic_load(&num_kept));
    assert_int_equal(count_users("not-%"), 0);
    assert_audit(atomic_load(&num_kept));
}

/* ---- who waits, and how long ------------------------------------------- */

static int64_t
now_ms(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *
be_refused(void *opaque)
{
    struct trivet_error err = {.status = TRIVET_OK};
    struct trivet_store *store;

    (void) opaque;

    assert_int_equal(
        trivet_group_enter(group, &store, &err), TRIVET_E_UNAVAILABLE);
    assert_int_equal(err.status, TRIVET_E_UNAVAILABLE);
    assert_string_not_equal(err.detail, "");
    return NULL;
}

/* Not one after the other: each would wait as long as the first. */
static void
those_who_wait_for_a_locked_store_are_refused_together(void **state)
{
    struct member one = {.name = "one", .keep = true, .may_leave = true};
    pthread_t threads[NUM_THREADS];
    struct trivet_store *locker;
    struct trivet_store *store;
    int64_t begin_ms;
    int64_t once_ms;

    (void) state;

    assert_int_equal(
        trivet_store_open(scratch.url, TRIVET_STORE_EXISTING, &locker, NULL),
        TRIVET_OK);
    assert_int_equal(trivet_store_begin(locker, NULL), TRIVET_OK);

    begin_ms = now_ms();
    assert_int_equal(
        trivet_group_enter(group, &store, NULL), TRIVET_E_UNAVAILABLE);
    once_ms = now_ms() - begin_ms;

    begin_ms = now_ms();
    for (size_t i = 0; i < NUM_THREADS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, be_refused, NULL), 0);
    }
    for (size_t i = 0; i < NUM_THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_in_range(now_ms() - begin_ms, 0, 2 * once_ms);

    trivet_store_rollback(locker);
    trivet_store_close(locker);
    (void) be_member(&one); /* that it failed once is forgotten */
    assert_int_equal(one.ending, TRIVET_OK);
    assert_int_equal(count_users("%"), 1);
}

static atomic_bool is_flood_over;

static void *
flood(void *opaque)
{
    (void) opaque;

    while (!atomic_load(&is_flood_over)) {
        struct trivet_store *store;

        assert_int_equal(trivet_group_enter(group, &store, NULL), TRIVET_OK);
        assert_int_equal(put_user(store, "flood"), TRIVET_OK);
        assert_int_equal(
            trivet_group_leave(group, TRIVET_OK, false, NULL), TRIVET_OK);
    }

    return NULL;
}

/* Calls that are refused come and go at once, and there is always a next. */
static void
a_flood_of_the_unwanted_does_not_put_off_the_commit(void **state)
{
    struct member one = {.name = "one", .keep = true, .may_leave = true};
    pthread_t threads[NUM_THREADS];
    pthread_t wanted;

    (void) state;

    atomic_store(&is_flood_over, false);
    for (size_t i = 0; i < NUM_THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, flood, NULL), 0);
    }
    wait_ms(100);
    assert_int_equal(pthread_create(&wanted, NULL, be_member, &one), 0);
    wait_for(&one.has_left);
    atomic_store(&is_flood_over, true);

    for (size_t i = 0; i < NUM_THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(pthread_join(wanted, NULL), 0);
    assert_int_equal(one.ending, TRIVET_OK);
    assert_int_equal(count_users("%"), 1);
    assert_audit(1);
}

#define GROUP_TEST(name)                                                       \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        GROUP_TEST(one_alone_is_committed_at_once),
        GROUP_TEST(one_that_is_not_wanted_leaves_nothing),
        GROUP_TEST(two_share_a_commit),
        GROUP_TEST(what_is_taken_back_is_its_own_alone),
        GROUP_TEST(who_does_it_again_does_so_alone),
        GROUP_TEST(one_that_runs_out_of_memory_fails_alone),
        GROUP_TEST(one_that_breaks_a_constraint_fails_alone),
        GROUP_TEST(one_that_finds_something_unavailable_fails_alone),
        GROUP_TEST(a_store_that_fails_one_fails_all_that_wait),
        GROUP_TEST(a_store_that_is_gone_lets_nobody_in),
        GROUP_TEST(many_at_once_each_find_their_own),
        GROUP_TEST(those_who_wait_for_a_locked_store_are_refused_together),
        GROUP_TEST(a_flood_of_the_unwanted_does_not_put_off_the_commit),
    };

    return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
