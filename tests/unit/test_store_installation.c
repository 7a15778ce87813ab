/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_installation.c - installations: put, find, whose address is
 * permitted */
#define _POSIX_C_SOURCE 200809L
#include "store/noun/installation.h"
#include "store/store.h"
#include "tests/unit/nouns.h"

static void
an_installation_is_found_by_its_token(void **state)
{
    struct trivet_installation found;
    struct trivet_public_key key = key_of(1);
    struct digest none = digest_of(3);
    int64_t server_key = put_server_key(200);
    int64_t id;
    int64_t token_id;

    (void) state;

    assert_int_equal(
        try_installation(1, server_key, &id, &token_id), TRIVET_OK);
    (void) put_installation(2);
    assert_true(token_id > 10000);

    found = find_installation(1, &home);
    assert_int_equal(found.id, id);
    assert_int_equal(found.server_key_id, server_key);
    assert_int_equal(found.key.der_len, key.der_len);
    assert_memory_equal(found.key.der, key.der, key.der_len);
    assert_true(found.is_ip_permitted);
    assert_int_not_equal(find_installation(2, &home).id, id);

    assert_int_equal(
        trivet_store_installation_find(store, none.bytes, &home, &found, NULL),
        TRIVET_E_NOT_FOUND);
    none = digest_of(1);
    none.bytes[31] ^= 1;
    assert_int_equal(
        trivet_store_installation_find(store, none.bytes, &home, &found, NULL),
        TRIVET_E_NOT_FOUND);
}

static void
two_installations_never_share_a_token(void **state)
{
    int64_t id = -1;
    int64_t token_id = -1;

    (void) state;

    (void) put_installation(1);

    assert_int_equal(trivet_store_begin(store, NULL), TRIVET_OK);
    assert_int_equal(try_installation(1, put_server_key(200), &id, &token_id),
        TRIVET_E_CONFLICT);
    trivet_store_rollback(store);

    assert_int_equal(id, -1);
    assert_int_equal(token_id, -1);
    assert_int_equal(
        scratch_sql(&scratch, "SELECT COUNT(*) FROM installation"), 1);
}

static void
an_installation_needs_a_server_key_that_is_there(void **state)
{
    int64_t id = -1;
    int64_t token_id = -1;

    (void) state;

    assert_int_equal(
        try_installation(1, 77, &id, &token_id), TRIVET_E_CONFLICT);
    assert_int_equal(id, -1);
    assert_int_equal(
        scratch_sql(&scratch, "SELECT COUNT(*) FROM installation"), 0);
}

static void
what_a_provider_signs_is_kept_as_a_digest(void **state)
{
    struct trivet_signed_text found;
    struct digest digest = digest_of(1);
    int64_t id = put_installation(1);

    (void) state;

    assert_int_equal(
        trivet_store_installation_signed(store, id, &found, NULL), TRIVET_OK);
    assert_true(found.has_digest);
    assert_memory_equal(found.digest, digest.bytes, sizeof digest.bytes);
    assert_int_equal(scratch_sql(&scratch,
                         "SELECT SUM(length(public_text)) FROM installation"),
        0);
    assert_int_equal(
        trivet_store_installation_signed(store, id + 1, &found, NULL),
        TRIVET_E_NOT_FOUND);
}

static void
an_installation_is_at_home_where_it_was_made(void **state)
{
    struct trivet_address near = home;

    (void) state;

    (void) put_installation(1);
    assert_true(find_installation(1, &home).is_ip_permitted);
    assert_false(find_installation(1, &abroad).is_ip_permitted);
    assert_false(find_installation(1, &ipv6).is_ip_permitted);

    /* sixteen bytes count, not the four of IPv4 */
    near.bytes[0] = 1;
    assert_false(find_installation(1, &near).is_ip_permitted);
}

static void
the_keys_of_its_devices_free_an_installation(void **state)
{
    struct line mine = put_line(1);
    struct line other = put_line(2);

    (void) state;

    permit(other.api_key, &abroad);
    assert_false(find_installation(1, &abroad).is_ip_permitted);
    assert_true(find_installation(2, &abroad).is_ip_permitted);

    permit(mine.api_key, &ipv6);
    assert_true(find_installation(1, &ipv6).is_ip_permitted);
    assert_false(find_installation(1, &abroad).is_ip_permitted);
    (void) scratch_sql(&scratch, "UPDATE permitted_ip SET is_active = 0");
    assert_false(find_installation(1, &ipv6).is_ip_permitted);

    allow_all(mine.api_key, true);
    assert_true(find_installation(1, &abroad).is_ip_permitted);
    assert_false(find_installation(2, &ipv6).is_ip_permitted);
    allow_all(mine.api_key, false);
    assert_false(find_installation(1, &abroad).is_ip_permitted);
    assert_true(find_installation(1, &home).is_ip_permitted);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_installation_is_found_by_its_token),
        TEST(two_installations_never_share_a_token),
        TEST(an_installation_needs_a_server_key_that_is_there),
        TEST(what_a_provider_signs_is_kept_as_a_digest),
        TEST(an_installation_is_at_home_where_it_was_made),
        TEST(the_keys_of_its_devices_free_an_installation),
    };

    return cmocka_run_group_tests_name("store_installation", tests, NULL, NULL);
}
