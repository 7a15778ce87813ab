/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_user.c - users: put, find, change */
#define _POSIX_C_SOURCE 200809L
#include "store/noun/user.h"
#include "tests/unit/nouns.h"

static void
assert_same_user(const struct trivet_user *a, const struct trivet_user *b)
{
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->created_us, b->created_us);
    assert_int_equal(a->updated_us, b->updated_us);
    assert_int_equal(a->kind, b->kind);
    assert_string_equal(a->public_uuid, b->public_uuid);
    assert_string_equal(a->display_name, b->display_name);
    assert_int_equal(a->session_timeout_s, b->session_timeout_s);
}

static void
a_user_comes_back_as_it_was_put(void **state)
{
    struct trivet_user person = user_of(1, "Ada");
    struct trivet_user company = user_of(2, "Acme");
    struct trivet_user found;

    (void) state;

    company.kind = TRIVET_USER_COMPANY;
    company.session_timeout_s = 1;
    assert_int_equal(
        trivet_store_user_put(store, &person, NOW, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_store_user_put(store, &company, LATER, NULL), TRIVET_OK);
    assert_int_equal(person.created_us, NOW);
    assert_int_equal(company.updated_us, LATER);
    assert_true(person.id > 0 && company.id > person.id);

    found = get_user(person.id);
    assert_same_user(&found, &person);
    found = get_user(company.id);
    assert_same_user(&found, &company);
    assert_int_equal(
        trivet_store_user_find(store, "Acme", &found, NULL), TRIVET_OK);
    assert_same_user(&found, &company);
    assert_int_equal(
        trivet_store_user_find(store, "Ada", &found, NULL), TRIVET_OK);
    assert_same_user(&found, &person);
}

static void
who_is_not_there_is_not_found(void **state)
{
    static const char *const others[] = {
        "", "ada", "Ad", "Adaa", "Ada ", "A_a", "A%", "*", "' OR 1=1 --"};
    struct trivet_user user = user_of(1, "Ada");
    struct trivet_user found;
    struct trivet_error err = {.status = TRIVET_OK};

    (void) state;

    assert_int_equal(trivet_store_user_put(store, &user, NOW, NULL), TRIVET_OK);
    memset(&found, 0x5a, sizeof found);

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(trivet_store_user_find(store, others[i], &found, &err),
            TRIVET_E_NOT_FOUND);
    }
    assert_int_equal(trivet_store_user_get(store, user.id + 1, &found, &err),
        TRIVET_E_NOT_FOUND);
    assert_int_equal(
        trivet_store_user_get(store, 0, &found, &err), TRIVET_E_NOT_FOUND);
    assert_int_equal(
        trivet_store_user_set_auto_logout(store, user.id + 1, 60, NOW, &err),
        TRIVET_E_NOT_FOUND);
    assert_int_equal(err.status, TRIVET_E_NOT_FOUND);
    assert_true(err.detail[0] != '\0');
    assert_int_equal(found.display_name[0], 0x5a);
}

static void
a_name_that_two_have_finds_neither(void **state)
{
    struct trivet_user found;
    int64_t first = put_user(1);
    int64_t second = put_user(2);

    (void) state;

    memset(&found, 0x5a, sizeof found);
    assert_int_not_equal(first, second);
    assert_int_equal(trivet_store_user_find(store, "Somebody", &found, NULL),
        TRIVET_E_CONFLICT);
    assert_int_equal(found.display_name[0], 0x5a);
    assert_int_equal(get_user(first).id, first);
    assert_int_equal(get_user(second).id, second);
}

static void
two_users_never_share_a_uuid(void **state)
{
    struct trivet_user first = user_of(1, "Ada");
    struct trivet_user second = user_of(1, "Eve");

    (void) state;

    assert_int_equal(
        trivet_store_user_put(store, &first, NOW, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_store_user_put(store, &second, NOW, NULL), TRIVET_E_CONFLICT);
    assert_int_equal(second.id, -1);
    assert_int_equal(scratch_sql(&scratch, "SELECT COUNT(*) FROM users"), 1);
}

static void
hostile_names_are_only_names(void **state)
{
    struct trivet_user found;

    (void) state;

    for (size_t i = 0; i < NUM_HOSTILE; i++) {
        struct trivet_user user = user_of((int) i, hostile[i]);

        assert_int_equal(
            trivet_store_user_put(store, &user, NOW, NULL), TRIVET_OK);
        found = get_user(user.id);
        assert_same_user(&found, &user);
    }
    for (size_t i = 0; i < NUM_HOSTILE; i++) {
        assert_int_equal(
            trivet_store_user_find(store, hostile[i], &found, NULL), TRIVET_OK);
        assert_string_equal(found.display_name, hostile[i]);
    }
    assert_int_equal(
        scratch_sql(&scratch, "SELECT COUNT(*) FROM users"), NUM_HOSTILE);
}

static void
the_longest_name_is_kept_whole(void **state)
{
    char name[TRIVET_MAX_NAME];
    struct trivet_user user;
    struct trivet_user found;

    (void) state;

    memset(name, '\'', sizeof name);
    name[sizeof name - 1] = '\0';
    user = user_of(1, name);
    assert_int_equal(trivet_store_user_put(store, &user, NOW, NULL), TRIVET_OK);
    found = get_user(user.id);
    assert_string_equal(found.display_name, name);
    assert_int_equal(strlen(found.display_name), 255);

    /* one byte more than fits is cut where it is read, not written over */
    (void) scratch_sql(&scratch,
        "UPDATE users SET display_name = display_name || display_name");
    found = get_user(user.id);
    assert_int_equal(strlen(found.display_name), 255);
    assert_int_equal(found.session_timeout_s, 604800);
}

static void
a_changed_auto_logout_time_is_that_of_all_the_users_sessions(void **state)
{
    struct line mine = put_line(1);
    struct line other = put_line(2);
    struct trivet_user user;

    (void) state;

    (void) put_session(3, mine.device);
    assert_int_equal(
        trivet_store_user_set_auto_logout(store, mine.user, 60, LATER, NULL),
        TRIVET_OK);

    user = get_user(mine.user);
    assert_int_equal(user.session_timeout_s, 60);
    assert_int_equal(user.created_us, NOW);
    assert_int_equal(user.updated_us, LATER);
    assert_int_equal(find_session(1, &home).expiry.timeout_s, 60);
    assert_int_equal(find_session(3, &home).expiry.timeout_s, 60);
    assert_int_equal(find_session(2, &home).expiry.timeout_s, 604800);
    assert_int_equal(get_user(other.user).session_timeout_s, 604800);
}

static void
an_auto_logout_time_is_more_than_nothing(void **state)
{
    int64_t id = put_user(1);
    struct trivet_user user = user_of(2, "Eve");

    (void) state;

    assert_int_equal(
        trivet_store_user_set_auto_logout(store, id, 0, LATER, NULL),
        TRIVET_E_CONFLICT);
    assert_int_equal(
        trivet_store_user_set_auto_logout(store, id, -1, LATER, NULL),
        TRIVET_E_CONFLICT);
    assert_int_equal(get_user(id).session_timeout_s, 604800);

    user.session_timeout_s = 0;
    assert_int_equal(
        trivet_store_user_put(store, &user, NOW, NULL), TRIVET_E_CONFLICT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_user_comes_back_as_it_was_put),
        TEST(who_is_not_there_is_not_found),
        TEST(a_name_that_two_have_finds_neither),
        TEST(two_users_never_share_a_uuid),
        TEST(hostile_names_are_only_names),
        TEST(the_longest_name_is_kept_whole),
        TEST(a_changed_auto_logout_time_is_that_of_all_the_users_sessions),
        TEST(an_auto_logout_time_is_more_than_nothing),
    };

    return cmocka_run_group_tests_name("store_user", tests, NULL, NULL);
}
