/* SPDX-License-Identifier: Apache-2.0 */
/* test_timestamp.c - the protocol's form of a moment, and the calendar */
#define _DEFAULT_SOURCE /* timegm */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <time.h>

#include "base/timestamp.h"

#define S TRIVET_US_PER_S

static void
other_forms_are_refused(void **state)
{
    static const char *const refused[] = {
        "",
        " ",
        "0",
        "1535550497",
        "2018",
        "2018-08-29",
        "2018-08-29 ",
        "2018-08-29 13:48",
        "2018-08-29 13:48:",
        "2018-08-29 13:48:1",
        "2018-08-29 13:48:17 ",
        " 2018-08-29 13:48:17",
        "2018-08-29 13:48:17\n",
        "2018-08-29  13:48:17",
        "2018-08-29T13:48:17",
        "2018-08-29t13:48:17",
        "2018-08-29 13:48:17Z",
        "2018-08-29 13:48:17+00:00",
        "2018-08-29 13:48:17.580620Z",
        "2018-08-29 13:48:17.580620 ",
        "2018-08-29 13:48:17 UTC",
        "2018/08/29 13:48:17",
        "2018-08-29 13.48.17",
        "2018-8-29 13:48:17",
        "2018-08-9 13:48:17",
        "2018-08-29 3:48:17",
        "18-08-29 13:48:17",
        "02018-08-29 13:48:17",
        "12018-08-29 13:48:17",
        "+018-08-29 13:48:17",
        "-018-08-29 13:48:17",
        " 018-08-29 13:48:17",
        "2018-+8-29 13:48:17",
        "2018- 8-29 13:48:17",
        "2018-08-29 13:48:-1",
        "2018-08-29 1a:48:17",
        "201x-08-29 13:48:17",
        /* fractions */
        "2018-08-29 13:48:17.",
        "2018-08-29 13:48:17,5",
        "2018-08-29 13:48:17..5",
        "2018-08-29 13:48:17.5.5",
        "2018-08-29 13:48:17.-5",
        "2018-08-29 13:48:17.+5",
        "2018-08-29 13:48:17. 5",
        "2018-08-29 13:48:17.5 ",
        "2018-08-29 13:48:17.58062x",
        "2018-08-29 13:48:17.1234567890",
        "2018-08-29 13:48:17.00000000000000000000",
        "2018-08-29 13:48:175",
    };
    int64_t at_us = 77;

    (void) state;

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (trivet_timestamp_parse(trivet_slice_text(refused[i]), &at_us)
            != TRIVET_E_MALFORMED)
        {
            fail_msg("taken: \"%s\"", refused[i]);
        }
        assert_true(at_us == 77);
    }

    assert_int_equal(
        trivet_timestamp_parse(
            trivet_slice_make("2018-08-29 13:48:17\0", 20), &at_us),
        TRIVET_E_MALFORMED);
    assert_int_equal(
        trivet_timestamp_parse(
            trivet_slice_make("2018-08-29 13:48:17.5\0", 22), &at_us),
        TRIVET_E_MALFORMED);
    assert_int_equal(trivet_timestamp_parse(trivet_slice_make(NULL, 0), &at_us),
        TRIVET_E_MALFORMED);
}

static void
there_is_no_such_day_or_time(void **state)
{
    static const char *const refused[] = {
        "2018-00-10 00:00:00",
        "2018-13-10 00:00:00",
        "2018-99-10 00:00:00",
        "2018-01-00 00:00:00",
        "2018-01-32 00:00:00",
        "2018-01-99 00:00:00",
        "2018-02-29 00:00:00",
        "2018-02-30 00:00:00",
        "2018-02-31 00:00:00",
        "2018-04-31 00:00:00",
        "2018-06-31 00:00:00",
        "2018-09-31 00:00:00",
        "2018-11-31 00:00:00",
        /* 400 divides 2000, but neither 1900 nor 2100 */
        "1900-02-29 00:00:00",
        "2100-02-29 00:00:00",
        "2200-02-29 00:00:00",
        "2000-02-30 00:00:00",
        "2020-02-30 00:00:00",
        "0001-02-29 00:00:00",
        "9999-02-29 00:00:00",
        /* no year 0 */
        "0000-01-01 00:00:00",
        "0000-12-31 23:59:59",
        "0000-02-29 00:00:00",
        "0000-00-00 00:00:00",
        /* times; a leap second has no place among microseconds */
        "2018-08-29 24:00:00",
        "2018-08-29 25:00:00",
        "2018-08-29 99:00:00",
        "2018-08-29 23:60:00",
        "2018-08-29 23:99:00",
        "2016-12-31 23:59:60",
        "2018-08-29 23:59:61",
        "2018-08-29 23:59:99",
    };
    int64_t at_us = 77;

    (void) state;

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (trivet_timestamp_parse(trivet_slice_text(refused[i]), &at_us)
            != TRIVET_E_MALFORMED)
        {
            fail_msg("taken: \"%s\"", refused[i]);
        }
        assert_true(at_us == 77);
    }
}

static void
a_fraction_is_cut_at_the_microsecond(void **state)
{
    static const struct {
        const char *text;
        int64_t us;
    } rows[] = {
        {"1970-01-01 00:00:00", 0},
        {"1970-01-01 00:00:00.0", 0},
        {"1970-01-01 00:00:00.5", 500000},
        {"1970-01-01 00:00:00.12", 120000},
        {"1970-01-01 00:00:00.123", 123000},
        {"1970-01-01 00:00:00.1234", 123400},
        {"1970-01-01 00:00:00.12345", 123450},
        {"1970-01-01 00:00:00.123456", 123456},
        {"1970-01-01 00:00:00.1234567", 123456},
        {"1970-01-01 00:00:00.12345678", 123456},
        {"1970-01-01 00:00:00.123456789", 123456},
        {"1970-01-01 00:00:00.000001", 1},
        {"1970-01-01 00:00:00.000000999", 0},
        {"1970-01-01 00:00:00.999999999", 999999},
        {"1970-01-01 00:00:00.000000000", 0},
        /* cut, not rounded to zero: below 1970 a fraction still adds */
        {"1969-12-31 23:59:59.9999999", -1},
        {"1969-12-31 23:59:59.5", -500000},
        {"1969-12-31 23:59:59", -1000000},
    };

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t at_us;

        assert_int_equal(
            trivet_timestamp_parse(trivet_slice_text(rows[i].text), &at_us),
            TRIVET_OK);
        assert_true(at_us == rows[i].us);
    }
}

static void
known_moments_work_both_ways(void **state)
{
    static const struct {
        const char *text;
        int64_t us;
    } rows[] = {
        {"2018-08-29 13:48:17.580620", INT64_C(1535550497580620)},
        {"1970-01-01 00:00:00.000000", 0},
        {"1969-12-31 23:59:59.999999", -1},
        {"1970-01-01 00:00:00.000001", 1},
        {"0001-01-01 00:00:00.000000", INT64_C(-62135596800000000)},
        {"9999-12-31 23:59:59.999999", INT64_C(253402300799999999)},
        {"2000-02-29 12:00:00.000000", INT64_C(951825600000000)},
        {"2000-03-01 00:00:00.000000", INT64_C(951868800000000)},
        {"1900-02-28 23:59:59.999999", INT64_C(-2203891200000001)},
        {"1900-03-01 00:00:00.000000", INT64_C(-2203891200000000)},
        {"2020-02-29 00:00:00.000000", INT64_C(1582934400000000)},
        {"2038-01-19 03:14:08.000000", INT64_C(2147483648000000)},
        {"2100-02-28 00:00:00.000000", INT64_C(4107456000000000)},
        {"2100-03-01 00:00:00.000000", INT64_C(4107542400000000)},
    };

    (void) state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[TRIVET_TIMESTAMP_SIZE];
        int64_t at_us;

        assert_int_equal(
            trivet_timestamp_parse(trivet_slice_text(rows[i].text), &at_us),
            TRIVET_OK);
        assert_true(at_us == rows[i].us);

        trivet_timestamp_format(rows[i].us, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void
moments_out_of_reach_are_shown_as_the_nearest(void **state)
{
    char text[TRIVET_TIMESTAMP_SIZE];

    (void) state;

    trivet_timestamp_format(INT64_MIN, text);
    assert_string_equal(text, "0001-01-01 00:00:00.000000");
    trivet_timestamp_format(INT64_C(-62135596800000001), text);
    assert_string_equal(text, "0001-01-01 00:00:00.000000");
    trivet_timestamp_format(INT64_C(253402300800000000), text);
    assert_string_equal(text, "9999-12-31 23:59:59.999999");
    trivet_timestamp_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31 23:59:59.999999");
}

/* libc's calendar is the judge, once in each of a few hundred days, over all
 * years: 97 and 400 years have no common step. */
static void
the_calendar_is_the_system_s(void **state)
{
    (void) state;

    for (int64_t s = INT64_C(-62135596800); s < INT64_C(253402300800);
         s += INT64_C(97) * 86400 + 12347)
    {
        time_t moment = (time_t) s;
        struct tm tm;
        char expected[80];
        char text[TRIVET_TIMESTAMP_SIZE];
        int64_t back;

        assert_non_null(gmtime_r(&moment, &tm));
        (void) snprintf(expected, sizeof expected,
            "%04d-%02d-%02d %02d:%02d:%02d.%06d", tm.tm_year + 1900,
            tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
            (int) (s & 0xffff));

        trivet_timestamp_format(s * S + (s & 0xffff), text);
        assert_string_equal(text, expected);

        assert_int_equal(
            trivet_timestamp_parse(trivet_slice_text(text), &back), TRIVET_OK);
        assert_true(back == s * S + (s & 0xffff));
    }
}

static bool
is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static void
a_year_has_the_days_that_the_rule_says(void **state)
{
    static const int years[] = {1, 4, 100, 400, 1582, 1600, 1700, 1752, 1900,
        1970, 1999, 2000, 2018, 2020, 2100, 2400, 9996, 9999};

    (void) state;

    for (size_t i = 0; i < sizeof years / sizeof years[0]; i++) {
        int num_days = 0;

        for (int monthday = 0; monthday < 100 * 100; monthday++) {
            char text[40];
            int64_t at_us;

            (void) snprintf(text, sizeof text, "%04d-%02d-%02d 00:00:00",
                years[i], monthday / 100, monthday % 100);
            num_days += trivet_timestamp_parse(trivet_slice_text(text), &at_us)
                        == TRIVET_OK;
        }

        assert_int_equal(num_days, is_leap(years[i]) ? 366 : 365);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(there_is_no_such_day_or_time),
        cmocka_unit_test(a_fraction_is_cut_at_the_microsecond),
        cmocka_unit_test(known_moments_work_both_ways),
        cmocka_unit_test(moments_out_of_reach_are_shown_as_the_nearest),
        cmocka_unit_test(the_calendar_is_the_system_s),
        cmocka_unit_test(a_year_has_the_days_that_the_rule_says),
    };

    return cmocka_run_group_tests_name("timestamp", tests, NULL, NULL);
}
