/* SPDX-License-Identifier: Apache-2.0 */
/* test_expiry.c - how long a session lives, to the microsecond */
#include "tests/unit/unit.h"

#include "base/timestamp.h"
#include "core/expiry.h"
#include "core/limits.h"

#define S   TRIVET_US_PER_S
#define DAY (86400 * S)
#define T0  (INT64_C(1535550497580620)) /* 2018-08-29 13:48:17.580620 */

static bool
extend(const struct trivet_expiry *expiry, int64_t window_s, int64_t cap_s,
    int64_t now_us, int64_t *out_anchored_us)
{
    const struct trivet_extension extension = {window_s, cap_s};
    int64_t anchored_us;

    return trivet_expiry_is_extended(expiry, &extension, now_us,
        out_anchored_us == NULL ? &anchored_us : out_anchored_us);
}

static void
a_session_is_dead_from_its_last_microsecond_on(void **state)
{
    static const struct {
        int64_t timeout_s;
        int64_t now_us;
        bool is_over;
    } rows[] = {
        {60, T0 + 60 * S - 1, false},
        {60, T0 + 60 * S, true},
        {60, T0 + 60 * S + 1, true},
        {60, T0, false},
        {60, T0 - 1, false}, /* a clock that was set back */
        {1, T0 + S - 1, false},
        {1, T0 + S, true},
        {604800, T0 + 7 * DAY - 1, false},
        {604800, T0 + 7 * DAY, true},
        {TRIVET_MAX_SESSION_TIMEOUT_S,
            T0 + TRIVET_MAX_SESSION_TIMEOUT_S * S - 1, false},
        {TRIVET_MAX_SESSION_TIMEOUT_S, T0 + TRIVET_MAX_SESSION_TIMEOUT_S * S,
            true},
        /* no life at all */
        {0, T0, true},
        {-1, T0, true},
        {-1, T0 - S, true},
    };

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trivet_expiry expiry = {T0, rows[i].timeout_s};

        assert_int_equal(
            trivet_expiry_is_over(&expiry, rows[i].now_us), rows[i].is_over);
        assert_true(
            trivet_expiry_end_us(&expiry) == T0 + rows[i].timeout_s * S);
    }
}

static void
zeroed_memory_is_a_dead_session(void **state)
{
    static const struct trivet_expiry zeroed;

    (void) state;

    assert_true(trivet_expiry_is_over(&zeroed, 0));
    assert_true(trivet_expiry_is_over(&zeroed, T0));
    assert_false(extend(&zeroed, 1800, 0, 0, NULL));
    assert_false(extend(&zeroed, 1800, 0, T0, NULL));
}

static void
the_anchor_moves_only_near_the_end_and_never_in_small_steps(void **state)
{
    static const struct {
        int64_t timeout_s;
        int64_t window_s;
        int64_t since_anchor_us;
        bool is_extended;
    } rows[] = {
        /* dead sessions stay dead */
        {604800, 1800, 7 * DAY, false},
        {604800, 1800, 7 * DAY + 1, false},
        {604800, 1800, 8 * DAY, false},
        {60, 1800, 60 * S, false},
        {0, 1800, 0, false},
        {0, 1800, 1, false},
        {-60, 1800, -100 * S, false},

        /* the window's edges */
        {604800, 1800, 7 * DAY - 1, true},
        {604800, 1800, 7 * DAY - 1800 * S, true},
        {604800, 1800, 7 * DAY - 1800 * S - 1, false},
        {604800, 1800, DAY, false},
        {604800, 30, 7 * DAY - 30 * S, true},
        {604800, 30, 7 * DAY - 30 * S - 1, false},
        {604800, 0, 7 * DAY - 1, false},

        /* a life shorter than the window slides with each request, but in
         * steps of a sixtieth */
        {60, 1800, S, false},
        {60, 1800, S + 1, true},
        {60, 1800, 59 * S, true},
        {600, 1800, 10 * S, false},
        {600, 1800, 10 * S + 1, true},
        {1, 1800, 16666, false},
        {1, 1800, 16667, true},
        /* ... of a minute at most */
        {3600, 3600, 60 * S, false},
        {3600, 3600, 60 * S + 1, true},
        {7200, 7200, 60 * S, false},
        {7200, 7200, 60 * S + 1, true},
        {604800, 604800, 60 * S, false},
        {604800, 604800, 60 * S + 1, true},

        /* never backwards, when a clock is set back */
        {60, 1800, 0, false},
        {60, 1800, -1, false},
        {60, 1800, -S, false},
        {60, 1800, -1000 * S, false},
        {604800, 604800, -DAY, false},
    };

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trivet_expiry expiry = {T0, rows[i].timeout_s};

        if (extend(&expiry, rows[i].window_s, 0, T0 + rows[i].since_anchor_us,
                NULL)
            != rows[i].is_extended)
        {
            fail_msg("row %zu", i);
        }
    }
}

/* Whatever the clock says: only a live session moves, and only forwards. */
static void
an_extended_session_was_alive_and_ends_later(void **state)
{
    static const int64_t timeouts[] = {0, 1, 29, 60, 1800, 1801, 604800};
    static const int64_t windows[] = {0, 30, 1800};

    (void) state;

    for (size_t t = 0; t < sizeof timeouts / sizeof timeouts[0]; t++) {
        for (size_t w = 0; w < sizeof windows / sizeof windows[0]; w++) {
            for (int64_t k = -70; k <= 130; k++) {
                struct trivet_expiry old = {T0, timeouts[t]};
                struct trivet_expiry moved = {
                    T0 + k * timeouts[t] * S / 60 + k, timeouts[t]};
                int64_t now = moved.anchored_us;
                int64_t anchored;

                if (extend(&old, windows[w], 0, now, &anchored)) {
                    assert_true(anchored == now);
                    assert_false(trivet_expiry_is_over(&old, now));
                    assert_false(trivet_expiry_is_over(&moved, now));
                    assert_true(trivet_expiry_end_us(&moved)
                                > trivet_expiry_end_us(&old));
                    assert_true(
                        trivet_expiry_end_us(&old) - now <= windows[w] * S);
                }
            }
        }
    }
}

/* With a cap a session lives on to now + cap, and never shorter than before. */
static void
a_cap_limits_what_is_added(void **state)
{
    static const struct {
        int64_t timeout_s;
        int64_t window_s;
        int64_t cap_s;
        int64_t since_anchor_us;
        bool is_extended;
        int64_t new_end_us; /* since T0 */
    } rows[] = {
        /* the last 30 seconds, 300 at most */
        {604800, 30, 300, 7 * DAY - 30 * S, true, 7 * DAY + 270 * S},
        {604800, 30, 300, 7 * DAY - 1, true, 7 * DAY + 300 * S - 1},
        {604800, 30, 300, 7 * DAY - 30 * S - 1, false, 0},
        {604800, 30, 300, 7 * DAY, false, 0},
        /* the auto-logout time where that is less */
        {60, 30, 300, 30 * S, true, 90 * S},
        {300, 30, 300, 280 * S, true, 580 * S},
        {301, 30, 300, 290 * S, true, 590 * S},
        /* a window longer than the cap shortens nothing */
        {604800, 1800, 300, 7 * DAY - 1800 * S, false, 0},
        {604800, 1800, 300, 7 * DAY - 300 * S, false, 0},
        {604800, 1800, 300, 7 * DAY - 295 * S, false, 0},
        {604800, 1800, 300, 7 * DAY - 295 * S + 1, true, 7 * DAY + 5 * S + 1},
        /* the step is a sixtieth of what is added */
        {604800, 1800, 60, 7 * DAY - 59 * S, false, 0},
        {604800, 1800, 60, 7 * DAY - 59 * S + 1, true, 7 * DAY + S + 1},
        {604800, 604800, 1, 7 * DAY - 1, true, 7 * DAY + S - 1},
        /* as without */
        {604800, 30, 604800, 7 * DAY - 1, true, 14 * DAY - 1},
        {604800, 30, 2147483, 7 * DAY - 1, true, 14 * DAY - 1},
        {604800, 0, 300, 7 * DAY - 1, false, 0},
    };

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trivet_expiry expiry = {T0, rows[i].timeout_s};
        struct trivet_expiry moved = {T0, rows[i].timeout_s};
        bool is_extended = extend(&expiry, rows[i].window_s, rows[i].cap_s,
            T0 + rows[i].since_anchor_us, &moved.anchored_us);

        if (is_extended != rows[i].is_extended
            || (is_extended
                && trivet_expiry_end_us(&moved) != T0 + rows[i].new_end_us))
        {
            fail_msg("row %zu", i);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_dead_from_its_last_microsecond_on),
        cmocka_unit_test(zeroed_memory_is_a_dead_session),
        cmocka_unit_test(
            the_anchor_moves_only_near_the_end_and_never_in_small_steps),
        cmocka_unit_test(an_extended_session_was_alive_and_ends_later),
        cmocka_unit_test(a_cap_limits_what_is_added),
    };

    return cmocka_run_group_tests_name("expiry", tests, NULL, NULL);
}
