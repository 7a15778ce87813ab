/* SPDX-License-Identifier: Apache-2.0 */
/* test_journal.c - the last requests: the ring, and what is cut out */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/scratch.h"

#include "authority/limits/journal.h"
#include "core/secret_names.h"

enum { NUM = 4 };

static struct trivet_journal *journal;

static int
make(void **state)
{
    (void) state;

    journal = calloc(1, trivet_journal_size(NUM));
    assert_non_null(journal);
    assert_int_equal(trivet_journal_init(journal, NUM), TRIVET_OK);
    return 0;
}

static int
drop(void **state)
{
    (void) state;
    free(journal);
    return 0;
}

static void
add(const char *target)
{
    struct trivet_journal_entry *entry = trivet_journal_begin(journal);

    assert_non_null(entry);
    trivet_journal_put(&entry->target_text, entry->target, sizeof entry->target,
        trivet_slice_text(target));
    trivet_journal_end(journal);
}

static void
the_oldest_are_written_over(void **state)
{
    static struct trivet_journal_entry entry; /* large */
    int64_t id = 0;
    int num = 0;
    (void) state;

    assert_false(trivet_journal_next(journal, 0, &entry));
    for (int i = 0; i < NUM + 3; i++) {
        add(i == NUM + 2 ? "/short" : "/a/longer/target");
    }

    while (trivet_journal_next(journal, id, &entry)) {
        id = entry.id;
        num++;
    }
    assert_int_equal(num, NUM);
    assert_int_equal(id, NUM + 3);
    assert_int_equal(entry.target_text.len, strlen("/short"));
    assert_int_equal(trivet_journal_before_last(journal, 2), NUM + 1);
    assert_int_equal(trivet_journal_before_last(journal, 99), 0);
}

static void
what_has_no_room_is_cut(void **state)
{
    struct trivet_journal_text text = {.len = 0};
    char to[4];
    (void) state;

    trivet_journal_put(&text, to, sizeof to, trivet_slice_text("abc"));
    assert_false(text.is_cut);
    trivet_journal_put(&text, to, sizeof to, trivet_slice_text("def"));
    assert_true(text.is_cut);
    assert_int_equal(text.len, 4);
    assert_memory_equal(to, "abcd", 4);
}

#define HEX40 "0123456789abcdef0123456789ABCDEF01234567"

static const struct {
    const char *text;
    const char *cut;
} cuts[] = {
    {"", ""},
    {"/v1/user", "/v1/user"},
    {"x" HEX40, "x****************************************"},
    {HEX40 "-", "****************************************-"},
    {"0123456789abcdef0123456789ABCDEF0123456",
        "0123456789abcdef0123456789ABCDEF0123456"},
    {"{\"secret\":\"abc\"}", "{\"secret\":\"***\"}"},
    {"{\"SECRET\" : \"a\\\"c\",\"b\":\"c\"}",
        "{\"SECRET\" : \"****\",\"b\":\"c\"}"},
    {"[{\"token\":\n\"abc\"}]", "[{\"token\":\n\"***\"}]"},
    {"{\"a\":\"secret\",\"b\":1}", "{\"a\":\"secret\",\"b\":1}"},
    {"{\"secret\":\"abc", "{\"secret\":\"***"},
    {"{\"secret\":\"", "{\"secret\":\""},
    {"{\"secret", "{\"secret"},
    {"\"secret\":\\", "\"secret\":\\"},
    {"{\"secret\":null}", "{\"secret\":null}"},
    {"{\"pin_code\": 1234, \"b\": 5}", "{\"pin_code\": ****, \"b\": 5}"},
    {"{\"cvc2\":-1.5e+3}", "{\"cvc2\":*******}"},
    {"{\"cvc2\":12", "{\"cvc2\":**"},
    {"{\"token\":{\"id\":1}}", "{\"token\":{\"id\":1}}"},
};

static void
secrets_are_cut_out(void **state)
{
    (void) state;

    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        size_t len = strlen(cuts[i].text);
        struct trivet_journal_text text = {.len = len};
        char *bytes = malloc(len + 1); /* exactly, for the sanitizer */

        assert_non_null(bytes);
        memcpy(bytes, cuts[i].text, len + 1);
        trivet_journal_cut(&text, bytes);
        assert_string_equal(bytes, cuts[i].cut);
        assert_int_equal(text.is_cut, strcmp(cuts[i].text, cuts[i].cut) != 0);
        free(bytes);
    }
}

static void
a_name_with_escapes_is_not_seen_through(void **state)
{
    char name[] = "{\"s\\u0065cret\":\"abc\"}";
    char value[] = "{\"a\":\"\\u0065\"}";
    struct trivet_journal_text name_text = {.len = sizeof name - 1};
    struct trivet_journal_text value_text = {.len = sizeof value - 1};
    (void) state;

    trivet_journal_cut(&name_text, name);
    assert_int_equal(strspn(name, "*"), sizeof name - 1);
    assert_true(name_text.is_cut);

    trivet_journal_cut(&value_text, value);
    assert_string_equal(value, "{\"a\":\"\\u0065\"}");
    assert_false(value_text.is_cut);
}

static void
fields_that_let_in_are_secret(void **state)
{
    (void) state;

    assert_true(trivet_secret_is_field(
        trivet_slice_text("x-bunq-client-AUTHENTICATION")));
    assert_true(trivet_secret_is_field(trivet_slice_text("Cookie")));
    assert_false(
        trivet_secret_is_field(trivet_slice_text("X-Bunq-Client-Signature")));
    assert_false(trivet_secret_is_field(trivet_slice_text("")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_are_written_over),
        cmocka_unit_test(what_has_no_room_is_cut),
        cmocka_unit_test(secrets_are_cut_out),
        cmocka_unit_test(a_name_with_escapes_is_not_seen_through),
        cmocka_unit_test(fields_that_let_in_are_secret),
    };

    return cmocka_run_group_tests_name("journal", tests, make, drop);
}
