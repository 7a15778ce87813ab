/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timestamp.c - the protocol's form of a moment
 *
 * Days are counted in eras of 400 years whose years begin in March, so that a
 * leap day is the last day of its year: the proleptic Gregorian calendar
 * without tables, time zones or libc's global state.
 */
#include "base/timestamp.h"

#include <stdio.h>

#define US_PER_DAY  (86400 * TRIVET_US_PER_S)
#define FIRST_US    (INT64_C(-62135596800) * TRIVET_US_PER_S) /* year 1      */
#define LAST_US     (INT64_C(253402300800) * TRIVET_US_PER_S - 1) /* 9999    */
#define DAYS_TO_ERA 719468 /* days from 0000-03-01 to 1970-01-01 */

struct date {
    int year;
    int month;
    int day;
};

static struct date
date_of_days(int64_t days_since_1970)
{
    int64_t days = days_since_1970 + DAYS_TO_ERA;
    int64_t era = days / 146097;
    int day_of_era = (int) (days - era * 146097);
    int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524
                          - day_of_era / 146096)
                      / 365;
    int day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month_from_march = (5 * day_of_year + 2) / 153;
    struct date date;

    date.day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    date.month =
        month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    date.year = (int) (year_of_era + era * 400) + (date.month <= 2);

    return date;
}

static int64_t
days_of_date(struct date date)
{
    int64_t year = date.year - (date.month <= 2);
    int64_t era = year / 400;
    int64_t year_of_era = year - era * 400;
    int month_from_march = date.month > 2 ? date.month - 3 : date.month + 9;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4
           - year_of_era / 100 + day_of_year - DAYS_TO_ERA;
}

static bool
is_a_day(struct date date)
{
    struct date back;

    if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1
        || date.day > 31)
    {
        return false;
    }

    /* The 31st of a shorter month comes back as a day of the next one. */
    back = date_of_days(days_of_date(date));
    return back.day == date.day && back.month == date.month;
}

void
trivet_timestamp_format(int64_t at_us, char out[TRIVET_TIMESTAMP_SIZE])
{
    int64_t days;
    int64_t rest;
    struct date date;

    if (at_us < FIRST_US) {
        at_us = FIRST_US;
    }
    if (at_us > LAST_US) {
        at_us = LAST_US;
    }

    days = at_us / US_PER_DAY;
    rest = at_us % US_PER_DAY;
    if (rest < 0) {
        rest += US_PER_DAY;
        days--;
    }

    date = date_of_days(days);

    /* The moduli tell the compiler that every number has its width. */
    (void) snprintf(out, TRIVET_TIMESTAMP_SIZE,
        "%04u-%02u-%02u %02u:%02u:%02u.%06u", (unsigned) date.year % 10000,
        (unsigned) date.month % 100, (unsigned) date.day % 100,
        (unsigned) (rest / (3600 * TRIVET_US_PER_S)) % 100,
        (unsigned) (rest / (60 * TRIVET_US_PER_S) % 60),
        (unsigned) (rest / TRIVET_US_PER_S % 60),
        (unsigned) (rest % TRIVET_US_PER_S));
}

/* Reads exactly num_digits digits at *p; false when they are not there. */
static bool
read_number(struct trivet_slice *text, size_t num_digits, int *out)
{
    long long value;

    if (text->len < num_digits
        || !trivet_slice_to_id(
            trivet_slice_make(text->data, num_digits), &value))
    {
        return false;
    }

    *out = (int) value;
    *text = trivet_slice_after(*text, num_digits);
    return true;
}

static bool
read_mark(struct trivet_slice *text, char mark)
{
    if (text->len == 0 || text->data[0] != (unsigned char) mark) {
        return false;
    }

    *text = trivet_slice_after(*text, 1);
    return true;
}

/* fraction = [ "." 1*9DIGIT ], to the end of the text */
static bool
read_fraction(struct trivet_slice *text, int64_t *out_us)
{
    int64_t us = 0;
    int64_t weight = TRIVET_US_PER_S / 10;

    *out_us = 0;
    if (text->len == 0) {
        return true;
    }
    if (!read_mark(text, '.') || text->len == 0 || text->len > 9) {
        return false;
    }

    for (size_t i = 0; i < text->len; i++) {
        int digit = text->data[i] - '0';

        if (digit < 0 || digit > 9) {
            return false;
        }

        us += digit * weight;
        weight /= 10;
    }

    *out_us = us;
    return true;
}

enum trivet_status
trivet_timestamp_parse(struct trivet_slice text, int64_t *out_us)
{
    struct date date;
    int hour;
    int minute;
    int second;
    int64_t us;

    if (!read_number(&text, 4, &date.year) || !read_mark(&text, '-')
        || !read_number(&text, 2, &date.month) || !read_mark(&text, '-')
        || !read_number(&text, 2, &date.day) || !read_mark(&text, ' ')
        || !read_number(&text, 2, &hour) || !read_mark(&text, ':')
        || !read_number(&text, 2, &minute) || !read_mark(&text, ':')
        || !read_number(&text, 2, &second) || !read_fraction(&text, &us))
    {
        return TRIVET_E_MALFORMED;
    }

    if (!is_a_day(date) || hour > 23 || minute > 59 || second > 59) {
        return TRIVET_E_MALFORMED;
    }

    *out_us = days_of_date(date) * US_PER_DAY
              + (int64_t) (hour * 3600 + minute * 60 + second) * TRIVET_US_PER_S
              + us;
    return TRIVET_OK;
}
