/* SPDX-License-Identifier: Apache-2.0 */
/* test_device_rates.c - the limits of 2026, and who is counted under them */
#define _DEFAULT_SOURCE
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "authority/limits/device_rates.h"
#include "base/timestamp.h"

static struct trivet_device_rates *rates;

static int
set_up(void **state)
{
    (void) state;

    rates = mmap(NULL, sizeof *rates, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(rates != MAP_FAILED);
    assert_int_equal(trivet_device_rates_init(rates), TRIVET_OK);
    return 0;
}

static int
tear_down(void **state)
{
    (void) state;

    return munmap(rates, sizeof *rates);
}

static const struct trivet_device_rate few = {"few", 3, 60, false};
static const struct trivet_device_rate many = {"many", 100, 30, false};

static enum trivet_status
try_take(const struct trivet_device_rate *limit, uint64_t set, uint64_t who,
    int64_t now_us, bool *out)
{
    unsigned char digest[TRIVET_DIGEST_LEN];

    memset(digest, 0x5a, sizeof digest);
    memcpy(digest, &set, sizeof set);
    memcpy(digest + sizeof set, &who, sizeof who);

    return trivet_device_rates_take(rates, limit, digest, now_us, out);
}

static bool
take(const struct trivet_device_rate *limit, uint64_t who, int64_t now_us)
{
    bool is_within = false;

    assert_int_equal(try_take(limit, 7, who, now_us, &is_within), TRIVET_OK);
    return is_within;
}

static int64_t
at(int64_t seconds)
{
    return (1000000 + seconds) * TRIVET_US_PER_S;
}

static void
as_many_as_the_limit_has_and_no_more(void **state)
{
    (void) state;

    for (int i = 0; i < 10; i++) {
        assert_int_equal(take(&few, 1, at(i)), i < 3);
    }
    for (int i = 0; i < 200; i++) {
        assert_int_equal(take(&many, 2, at(20)), i < 100);
    }
}

static void
the_window_moves_with_the_clock(void **state)
{
    (void) state;

    assert_true(take(&few, 1, at(0)));
    assert_true(take(&few, 1, at(50)));
    assert_true(take(&few, 1, at(59)));
    assert_false(take(&few, 1, at(60) - 1));
    assert_true(take(&few, 1, at(60))); /* the first has left it */
    assert_false(take(&few, 1, at(61)));
    assert_false(take(&few, 1, at(110) - 1));
    assert_true(take(&few, 1, at(110)));
}

static void
devices_do_not_share(void **state)
{
    (void) state;

    for (uint64_t who = 1; who <= TRIVET_DEVICE_RATE_SET_SIZE; who++) {
        for (int i = 0; i < 4; i++) {
            assert_int_equal(take(&few, who, at(0)), i < 3);
        }
    }
}

static void
addresses_and_devices_have_sets_of_their_own(void **state)
{
    struct trivet_device_rate of_address = few;

    (void) state;
    of_address.is_of_address = true;

    for (int i = 0; i < 3; i++) {
        assert_true(take(&few, 1, at(0)));
    }
    assert_false(take(&few, 1, at(0)));
    assert_true(take(&of_address, 1, at(0)));
}

/* Nobody is forgotten for it, and there is room again when a window is over. */
static void
a_full_set_refuses_one_more_and_forgets_nobody(void **state)
{
    bool is_within = true;

    (void) state;

    for (uint64_t who = 1; who <= TRIVET_DEVICE_RATE_SET_SIZE; who++) {
        for (int i = 0; i < 3; i++) {
            assert_true(take(&few, who, at(0)));
        }
    }

    assert_int_equal(
        try_take(&few, 7, 99, at(1), &is_within), TRIVET_E_UNAVAILABLE);
    assert_false(is_within);
    for (uint64_t who = 1; who <= TRIVET_DEVICE_RATE_SET_SIZE; who++) {
        assert_false(take(&few, who, at(1)));
    }

    assert_int_equal(try_take(&few, 8, 99, at(1), &is_within), TRIVET_OK);
    assert_true(is_within);
    assert_true(take(&few, 99, at(60)));
}

/* Whatever comes when: no window ever holds more, and none is refused while
 * the window and a fifteenth of it hold less. */
static void
no_window_holds_more_than_the_limit(void **state)
{
    enum { NUM = 4000 };
    static int64_t taken[NUM];
    const int64_t window_us = many.per_s * TRIVET_US_PER_S;
    int64_t now_us = at(0);
    size_t num = 0;
    size_t num_refused = 0;

    (void) state;
    srand(2026);

    for (size_t i = 0; i < NUM; i++) {
        size_t within = 0;
        size_t nearly = 0;
        bool is_taken;

        now_us += rand() % (2 * window_us / many.max_calls * 4 / 5);
        for (size_t j = num; j-- > 0;) {
            within += now_us - taken[j] < window_us;
            nearly += now_us - taken[j] < window_us + window_us / 15;
        }

        is_taken = take(&many, 5, now_us);
        if (is_taken) {
            assert_true(within < (size_t) many.max_calls);
            taken[num++] = now_us;
        } else {
            assert_true(nearly >= (size_t) many.max_calls);
            num_refused++;
        }
    }

    assert_true(num_refused > 50 && num > 2000);
}

static void
a_clock_that_is_put_back_locks_nobody_out(void **state)
{
    (void) state;

    for (int i = 0; i < 3; i++) {
        assert_true(take(&few, 1, at(100000)));
    }
    assert_false(take(&few, 1, at(100000) - 1)); /* threads' clocks differ */
    assert_true(take(&few, 1, at(0)));
}

/* ---- processes and threads --------------------------------------------- */

enum { NUM_THREADS = 4, NUM_TRIES = 500 };

static void *
take_often(void *num)
{
    for (int i = 0; i < NUM_TRIES; i++) {
        *(int *) num += take(&many, 3, at(i % 29));
    }

    return NULL;
}

static void
threads_together_have_no_more_than_one(void **state)
{
    pthread_t threads[NUM_THREADS];
    int nums[NUM_THREADS] = {0};
    int num = 0;

    (void) state;

    for (size_t i = 0; i < NUM_THREADS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, take_often, &nums[i]), 0);
    }
    for (size_t i = 0; i < NUM_THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        num += nums[i];
    }

    assert_int_equal(num, many.max_calls);
}

/* A process that dies while it has the mutex locks nobody out; one that lives
 * on has it, and nothing is known. */
static void
a_mutex_is_left_by_the_dead_and_not_by_the_living(void **state)
{
    bool is_within = true;
    int status;
    pid_t child;

    (void) state;

    child = fork();
    if (child == 0) {
        _exit(pthread_mutex_lock(&rates->mutex));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(take(&few, 1, at(0)));

    assert_int_equal(pthread_mutex_lock(&rates->mutex), 0);
    assert_int_equal(
        try_take(&few, 7, 1, at(0), &is_within), TRIVET_E_UNAVAILABLE);
    assert_int_equal(pthread_mutex_unlock(&rates->mutex), 0);
    assert_true(take(&few, 1, at(0)));
}

/* ---- which call has which limit ---------------------------------------- */

static void
each_call_has_its_limit(void **state)
{
    static const struct {
        const char *method;
        const char *path;
        enum trivet_device_rate_kind kind;
    } rows[] = {
        {"POST", "/v1/installation", TRIVET_DEVICE_RATE_SETUP},
        {"POST", "/v1/device-server", TRIVET_DEVICE_RATE_SETUP},
        {"POST", "/v1/device-server/", TRIVET_DEVICE_RATE_SETUP},
        {"POST", "/v1//session-server", TRIVET_DEVICE_RATE_SETUP},
        {"POST", "/v1/payment-service-provider-credential",
            TRIVET_DEVICE_RATE_SETUP},
        {"GET", "/v1/installation", TRIVET_DEVICE_RATE_READ},
        {"POST", "/v1/installation/1", TRIVET_DEVICE_RATE_WRITE},
        {"POST", "/v1/user/1/installation", TRIVET_DEVICE_RATE_WRITE},
        {"GET", "/v1/user", TRIVET_DEVICE_RATE_READ},
        {"HEAD", "/v1/user/1/payment", TRIVET_DEVICE_RATE_READ},
        {"POST", "/v1/user/1/payment", TRIVET_DEVICE_RATE_WRITE},
        {"DELETE", "/v1/session/0", TRIVET_DEVICE_RATE_WRITE},
        {"PATCH", "/v1/x", TRIVET_DEVICE_RATE_WRITE},
        {"GET", "/v1/user/1/card", TRIVET_DEVICE_RATE_CARD},
        {"GET", "/v1/user/1/card/5/replace", TRIVET_DEVICE_RATE_CARD},
        {"GET", "/v1/user/1/card-debit", TRIVET_DEVICE_RATE_CARD},
        {"POST", "/v1/user/1/card-debit", TRIVET_DEVICE_RATE_WRITE},
        {"GET", "/v1/user/1/cardigan", TRIVET_DEVICE_RATE_READ},
        {"POST", "/v1/user/1/credential-password-ip/2/ip",
            TRIVET_DEVICE_RATE_SENSITIVE},
        {"PUT", "/v1/user/1/credential-password-ip/2/ip/3",
            TRIVET_DEVICE_RATE_SENSITIVE},
        {"GET", "/v1/user/1/credential-password-ip", TRIVET_DEVICE_RATE_READ},
        {"POST", "", TRIVET_DEVICE_RATE_WRITE},
        {"POST", "/", TRIVET_DEVICE_RATE_WRITE},
    };

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum trivet_device_rate_kind kind = trivet_device_rate_classify(
            trivet_slice_text(rows[i].method), trivet_slice_text(rows[i].path));

        if (kind != rows[i].kind) {
            fail_msg("%s %s", rows[i].method, rows[i].path);
        }
    }
}

static void
the_limits_are_those_of_2026(void **state)
{
    static const int numbers[TRIVET_NUM_DEVICE_RATE_KINDS][2] = {
        [TRIVET_DEVICE_RATE_SETUP] = {10, 86400},
        [TRIVET_DEVICE_RATE_SENSITIVE] = {3, 60},
        [TRIVET_DEVICE_RATE_CARD] = {1000, 1},
        [TRIVET_DEVICE_RATE_READ] = {140, 30},
        [TRIVET_DEVICE_RATE_WRITE] = {70, 30},
    };

    (void) state;

    for (int i = 1; i < TRIVET_NUM_DEVICE_RATE_KINDS; i++) {
        const struct trivet_device_rate *limit =
            trivet_device_rate((enum trivet_device_rate_kind) i);

        assert_int_equal(limit->max_calls, numbers[i][0]);
        assert_int_equal(limit->per_s, numbers[i][1]);
        assert_int_equal(limit->is_of_address, i == TRIVET_DEVICE_RATE_SETUP);
    }
    assert_null(trivet_device_rate(TRIVET_DEVICE_RATE_NONE));
    assert_null(trivet_device_rate(TRIVET_NUM_DEVICE_RATE_KINDS));
}

#define RATES_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        RATES_TEST(as_many_as_the_limit_has_and_no_more),
        RATES_TEST(the_window_moves_with_the_clock),
        RATES_TEST(devices_do_not_share),
        RATES_TEST(addresses_and_devices_have_sets_of_their_own),
        RATES_TEST(a_full_set_refuses_one_more_and_forgets_nobody),
        RATES_TEST(no_window_holds_more_than_the_limit),
        RATES_TEST(a_clock_that_is_put_back_locks_nobody_out),
        RATES_TEST(threads_together_have_no_more_than_one),
        RATES_TEST(a_mutex_is_left_by_the_dead_and_not_by_the_living),
        cmocka_unit_test(each_call_has_its_limit),
        cmocka_unit_test(the_limits_are_those_of_2026),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
