/* SPDX-License-Identifier: Apache-2.0 */
/* test_page.c - which part of a list is asked for, and the URLs around it */
#include "tests/unit/unit.h"

#include <string.h>

#include "core/page.h"

static struct trivet_page
read_page(const char *query)
{
    struct trivet_page page;
    struct trivet_complaint complaint =
        trivet_page_read(trivet_slice_text(query), &page);

    if (complaint.reason != TRIVET_REASON_NONE) {
        fail_msg("refused: %s", query);
    }

    return page;
}

static void
assert_page(const char *query, int64_t count, int64_t newer, int64_t older)
{
    struct trivet_page page = read_page(query);

    assert_int_equal(page.count, count);
    assert_int_equal(page.newer_id, newer);
    assert_int_equal(page.older_id, older);
}

static void
assert_bad(const char *query, const char *field)
{
    struct trivet_page page;
    struct trivet_complaint complaint =
        trivet_page_read(trivet_slice_text(query), &page);

    if (complaint.reason != TRIVET_REASON_FIELD_INVALID) {
        fail_msg("taken: %s", query);
    }
    assert_string_equal(complaint.field, field);
    assert_int_equal(page.count, TRIVET_DEFAULT_PAGE);
}

static void
a_query_says_how_many_and_from_where(void **state)
{
    (void) state;

    assert_page("", 10, -1, INT64_MAX);
    assert_page("count=1", 1, -1, INT64_MAX);
    assert_page("count=200", 200, -1, INT64_MAX);
    assert_page("newer_id=0", 10, 0, INT64_MAX);
    assert_page("older_id=7&count=25", 25, -1, 7);
    assert_page("newer_id=5&older_id=9", 10, 5, 9);
    assert_page("newer_id=9223372036854775807", 10, INT64_MAX, INT64_MAX);
    assert_false(read_page("newer_id=1").has_count);
    assert_true(read_page("count=10").has_count);
}

static void
what_else_a_query_says_is_passed_over(void **state)
{
    static const char *const others[] = {"a=b", "a=b&c", "&", "&&&", "=", "=5",
        "count", "count=", "count=&older_id=&newer_id=", "COUNT=5", "count%3D5",
        "counts=5", " count=5", "x=count=5", "monetary_account_id=-1",
        "\xff\xfe"};

    (void) state;

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_page(others[i], 10, -1, INT64_MAX);
    }
    assert_page("a=b&count=5&", 5, -1, INT64_MAX);
    assert_page("count=5&count=6", 6, -1, INT64_MAX);

    /* a NUL ends nothing */
    struct trivet_page page;

    assert_int_equal(
        trivet_page_read(trivet_slice_make("count=5\0", 8), &page).reason,
        TRIVET_REASON_FIELD_INVALID);
    assert_int_equal(
        trivet_page_read(trivet_slice_make("count=55", 7), &page).reason,
        TRIVET_REASON_NONE);
    assert_int_equal(page.count, 5);
    assert_int_equal(trivet_page_read(trivet_slice_make(NULL, 0), &page).reason,
        TRIVET_REASON_NONE);
}

static void
a_number_is_a_number(void **state)
{
    (void) state;

    assert_bad("count=0", "count");
    assert_bad("count=201", "count");
    assert_bad("count=9223372036854775807", "count");
    assert_bad("count=-1", "count");
    assert_bad("count=1 ", "count");
    assert_bad("count=+1", "count");
    assert_bad("count=1=2", "count");
    assert_bad("count=%31", "count");
    assert_bad("newer_id=x", "newer_id");
    assert_bad("newer_id=9223372036854775808", "newer_id");
    assert_bad("count=5&older_id=1.5", "older_id");
    assert_bad("older_id=99999999999999999999", "older_id");
}

static void
a_page_of_one_holds_that_one(void **state)
{
    static const int64_t ids[] = {1, 2, 77, INT64_MAX - 1};

    (void) state;

    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct trivet_page page = trivet_page_of(ids[i]);

        assert_int_equal(page.count, 1);
        assert_true(trivet_page_has(&page, ids[i]));
        assert_false(trivet_page_has(&page, ids[i] - 1));
        assert_false(trivet_page_has(&page, ids[i] + 1));
    }
    for (int64_t id = -2; id < 4; id++) {
        struct trivet_page zero = trivet_page_of(0);
        struct trivet_page mine = trivet_page_of(-1);
        struct trivet_page lowest = trivet_page_of(INT64_MIN);

        assert_false(trivet_page_has(&zero, id));
        assert_false(trivet_page_has(&mine, id));
        assert_false(trivet_page_has(&lowest, id));
    }
}

/* Of a list with the ids 1 to 9, of which the page shows first down to last. */
static void
assert_urls(const char *query, int64_t first, int64_t last, const char *future,
    const char *newer, const char *older)
{
    struct trivet_page page = read_page(query);
    struct trivet_page_seen seen = {.newest_id = 9, .oldest_id = 1};
    struct trivet_page_urls urls;

    for (int64_t id = first; id >= last && id > 0; id--) {
        trivet_page_see(&seen, id);
    }

    trivet_page_urls(&page, &seen, "/v1/x", &urls);
    assert_string_equal(urls.future, future);
    assert_string_equal(urls.newer, newer);
    assert_string_equal(urls.older, older);

    seen.is_fixed = true;
    trivet_page_urls(&page, &seen, "/v1/x", &urls);
    assert_string_equal(urls.future, "");
    assert_string_equal(urls.newer, "");
    assert_string_equal(urls.older, "");
}

static void
urls_lead_to_the_neighbours_and_into_the_future(void **state)
{
    (void) state;

    assert_urls("", 9, 1, "/v1/x?newer_id=9", "", "");
    assert_urls("count=3", 9, 7, "/v1/x?count=3&newer_id=9", "",
        "/v1/x?count=3&older_id=7");
    assert_urls("count=3&older_id=7", 6, 4, "", "/v1/x?count=3&newer_id=6",
        "/v1/x?count=3&older_id=4");
    assert_urls("older_id=4&count=3", 3, 1, "", "/v1/x?count=3&newer_id=3", "");
    assert_urls("newer_id=6", 9, 7, "/v1/x?newer_id=9", "", "/v1/x?older_id=7");
    /* nothing new, nothing at all */
    assert_urls("newer_id=9", 0, 0, "/v1/x?newer_id=9", "", "");
    assert_urls("older_id=1", 0, 0, "", "", "");
    assert_urls("", 0, 0, "", "", "");
}

static void
the_longest_url_is_whole(void **state)
{
    char path[TRIVET_MAX_CALL_PATH];
    struct trivet_page page = read_page("count=200");
    struct trivet_page_seen seen = {
        .newest_id = INT64_MAX, .first_id = INT64_MAX, .last_id = INT64_MAX};
    struct trivet_page_urls urls;
    static const char end[] = "?count=200&older_id=9223372036854775807";

    (void) state;

    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    trivet_page_urls(&page, &seen, path, &urls);
    assert_string_equal(urls.older + sizeof path - 1, end);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_says_how_many_and_from_where),
        cmocka_unit_test(what_else_a_query_says_is_passed_over),
        cmocka_unit_test(a_number_is_a_number),
        cmocka_unit_test(a_page_of_one_holds_that_one),
        cmocka_unit_test(urls_lead_to_the_neighbours_and_into_the_future),
        cmocka_unit_test(the_longest_url_is_whole),
    };

    return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
