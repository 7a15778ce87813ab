/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_api_key.c - API keys and their permitted addresses */
#define _POSIX_C_SOURCE 200809L
#include "store/noun/api_key.h"
#include "store/noun/permitted_ip.h"
#include "tests/unit/nouns.h"

static void
a_new_api_key_is_free_and_alive(void **state)
{
    int64_t user = put_user(1);
    int64_t installation = put_installation(1);
    int64_t id = put_api_key(1, user);
    struct trivet_api_key found = find_api_key(1, &home, installation);
    struct digest none = digest_of(2);

    (void) state;

    assert_int_equal(found.id, id);
    assert_int_equal(found.user_id, user);
    assert_int_equal(found.expires_us, NOW + 3600);
    assert_false(found.is_bound);
    assert_false(found.is_revoked);
    assert_false(found.allows_all_ips);
    assert_false(found.is_address_permitted);
    assert_int_equal(found.device.id, 0);

    assert_int_equal(trivet_store_api_key_find(
                         store, none.bytes, &home, installation, &found, NULL),
        TRIVET_E_NOT_FOUND);
}

static void
the_same_api_key_is_there_once(void **state)
{
    int64_t user = put_user(1);
    int64_t other = put_user(2);
    int64_t id = put_api_key(1, user);
    int64_t second = -1;

    (void) state;

    assert_int_equal(try_api_key(1, user, &second), TRIVET_E_CONFLICT);
    assert_int_equal(try_api_key(1, other, &second), TRIVET_E_CONFLICT);
    assert_int_equal(second, -1);
    assert_int_equal(find_api_key(1, &home, 0).id, id);
    assert_int_equal(find_api_key(1, &home, 0).user_id, user);

    /* of a user who is not there */
    assert_int_equal(try_api_key(2, other + 1, &second), TRIVET_E_CONFLICT);
}

static void
a_bound_api_key_stays_bound(void **state)
{
    int64_t id = put_api_key(1, put_user(1));
    int64_t other = put_api_key(2, put_user(2));

    (void) state;

    assert_int_equal(
        trivet_store_api_key_bind(store, id, false, LATER, NULL), TRIVET_OK);
    assert_true(find_api_key(1, &home, 0).is_bound);
    assert_false(find_api_key(1, &home, 0).allows_all_ips);
    assert_false(find_api_key(2, &home, 0).is_bound);

    assert_int_equal(
        trivet_store_api_key_bind(store, other, true, LATER, NULL), TRIVET_OK);
    assert_true(find_api_key(2, &home, 0).allows_all_ips);
    assert_true(find_api_key(2, &abroad, 0).is_address_permitted);
    assert_false(find_api_key(1, &abroad, 0).is_address_permitted);
}

static void
binding_does_not_take_a_freedom_away(void **state)
{
    int64_t id = put_api_key(1, put_user(1));

    (void) state;

    allow_all(id, true);
    assert_int_equal(
        trivet_store_api_key_bind(store, id, false, LATER, NULL), TRIVET_OK);
    assert_true(find_api_key(1, &abroad, 0).allows_all_ips);
    assert_true(find_api_key(1, &abroad, 0).is_address_permitted);
    assert_true(is_permitted(id, &ipv6));

    allow_all(id, false);
    assert_false(find_api_key(1, &abroad, 0).is_address_permitted);
    assert_false(is_permitted(id, &ipv6));
    assert_int_equal(
        trivet_store_api_key_allow_all_ips(store, id + 1, true, LATER, NULL),
        TRIVET_E_NOT_FOUND);
}

static void
a_revoked_api_key_ends_its_sessions_alone(void **state)
{
    struct line mine = put_line(1);

    (void) state;

    (void) put_line(2);
    assert_int_equal(
        trivet_store_api_key_revoke(store, mine.api_key, LATER, NULL),
        TRIVET_OK);
    assert_true(find_api_key(1, &home, 0).is_revoked);
    assert_true(find_session(1, &home).is_key_revoked);
    assert_false(find_api_key(2, &home, 0).is_revoked);
    assert_false(find_session(2, &home).is_key_revoked);

    /* the first time counts */
    assert_int_equal(
        trivet_store_api_key_revoke(store, mine.api_key, LATER + 9, NULL),
        TRIVET_OK);
    assert_int_equal(
        scratch_sql(&scratch,
            "SELECT revoked_us FROM api_key WHERE revoked_us IS NOT NULL"),
        LATER);
    assert_int_equal(
        trivet_store_api_key_revoke(store, mine.api_key + 9, LATER, NULL),
        TRIVET_E_NOT_FOUND);
}

static void
an_api_key_knows_the_newest_device_of_the_installation(void **state)
{
    struct line mine = put_line(1);
    struct line other = put_line(2);
    int64_t newest;

    (void) state;

    assert_int_equal(
        find_api_key(1, &home, mine.installation).device.id, mine.device);
    assert_int_equal(find_api_key(1, &home, other.installation).device.id, 0);
    assert_int_equal(find_api_key(2, &home, mine.installation).device.id, 0);

    newest = put_device(mine.installation, mine.api_key);
    (void) put_device(other.installation, mine.api_key);
    (void) put_device(mine.installation, other.api_key);
    assert_int_equal(
        find_api_key(1, &home, mine.installation).device.id, newest);
}

static void
an_address_is_permitted_to_one_api_key(void **state)
{
    struct line mine = put_line(1);
    struct line other = put_line(2);

    (void) state;

    permit(mine.api_key, &home);
    assert_true(is_permitted(mine.api_key, &home));
    assert_false(is_permitted(mine.api_key, &abroad));
    assert_false(is_permitted(mine.api_key, &ipv6));
    assert_false(is_permitted(other.api_key, &home));
    assert_true(find_session(1, &home).is_address_permitted);
    assert_false(find_session(1, &abroad).is_address_permitted);
    assert_false(find_session(2, &home).is_address_permitted);
    assert_true(find_api_key(1, &home, 0).is_address_permitted);
    assert_false(find_api_key(1, &ipv6, 0).is_address_permitted);

    permit(other.api_key, &home);
    assert_true(is_permitted(other.api_key, &home));

    (void) scratch_sql(
        &scratch, "UPDATE permitted_ip SET is_active = 0 WHERE id = 1");
    assert_false(is_permitted(mine.api_key, &home));
    assert_false(find_session(1, &home).is_address_permitted);
    assert_true(find_session(2, &home).is_address_permitted);
}

static void
an_address_is_permitted_once_to_a_key_that_is_there(void **state)
{
    int64_t id = put_api_key(1, put_user(1));
    bool is = true;

    (void) state;

    permit(id, &home);
    assert_int_equal(
        trivet_store_permitted_ip_put(store, id, &home, LATER, NULL),
        TRIVET_E_CONFLICT);
    assert_int_equal(
        trivet_store_permitted_ip_put(store, id + 1, &home, LATER, NULL),
        TRIVET_E_CONFLICT);
    assert_int_equal(
        trivet_store_permitted_ip_check(store, id + 1, &home, &is, NULL),
        TRIVET_E_NOT_FOUND);
    assert_true(is);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_api_key_is_free_and_alive),
        TEST(the_same_api_key_is_there_once),
        TEST(a_bound_api_key_stays_bound),
        TEST(binding_does_not_take_a_freedom_away),
        TEST(a_revoked_api_key_ends_its_sessions_alone),
        TEST(an_api_key_knows_the_newest_device_of_the_installation),
        TEST(an_address_is_permitted_to_one_api_key),
        TEST(an_address_is_permitted_once_to_a_key_that_is_there),
    };

    return cmocka_run_group_tests_name("store_api_key", tests, NULL, NULL);
}
