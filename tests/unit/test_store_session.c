/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_session.c - devices and sessions; ids */
#define _POSIX_C_SOURCE 200809L
#include "store/noun/session.h"
#include "tests/unit/nouns.h"

/* ---- devices and sessions ----------------------------------------------- */

static void
a_device_needs_an_installation_and_an_api_key(void **state)
{
    struct line line = put_line(1);
    int64_t id = -1;

    (void) state;

    assert_int_equal(try_device(line.installation + 1, line.api_key, "x", &id),
        TRIVET_E_NOT_FOUND);
    assert_int_equal(try_device(line.installation, line.api_key + 1, "x", &id),
        TRIVET_E_CONFLICT);
    assert_int_equal(try_session(9, line.device + 1, &id), TRIVET_E_CONFLICT);
    assert_int_equal(id, -1);
}

static void
a_session_is_found_by_its_token(void **state)
{
    struct line line = put_line(1);
    struct line other = put_line(2);
    struct trivet_session found = find_session(1, &home);
    struct trivet_public_key key = key_of(1);
    struct digest none = digest_of(3);

    (void) state;

    assert_int_equal(found.id, line.session);
    assert_int_equal(found.device_id, line.device);
    assert_int_equal(found.installation_id, line.installation);
    assert_int_equal(found.api_key_id, line.api_key);
    assert_int_equal(found.user_id, line.user);
    assert_int_equal(found.server_key_id, put_server_key(200));
    assert_int_equal(found.expiry.anchored_us, NOW);
    assert_int_equal(found.expiry.timeout_s, 604800);
    assert_int_equal(found.key.der_len, key.der_len);
    assert_memory_equal(found.key.der, key.der, key.der_len);
    assert_false(found.is_ended);
    assert_false(found.is_key_revoked);
    assert_false(found.is_address_permitted);
    assert_int_equal(find_session(2, &home).id, other.session);

    assert_int_equal(
        trivet_store_session_find(store, none.bytes, &home, &found, NULL),
        TRIVET_E_NOT_FOUND);
    assert_int_equal(found.id, line.session);
}

static void
two_sessions_never_share_a_token(void **state)
{
    struct line line = put_line(1);
    int64_t id = -1;

    (void) state;

    assert_int_equal(try_session(1, line.device, &id), TRIVET_E_CONFLICT);
    assert_int_equal(id, -1);
    assert_int_equal(find_session(1, &home).id, line.session);
}

static void
an_extension_never_moves_back(void **state)
{
    struct line line = put_line(1);

    (void) state;

    (void) put_session(2, line.device);
    assert_int_equal(trivet_store_session_extend(
                         store, line.session, NOW - 1, NOW - 1, NULL),
        TRIVET_OK);
    assert_int_equal(find_session(1, &home).expiry.anchored_us, NOW);
    assert_int_equal(trivet_store_session_extend(
                         store, line.session, NOW + 1, NOW + 1, NULL),
        TRIVET_OK);
    assert_int_equal(find_session(1, &home).expiry.anchored_us, NOW + 1);
    assert_int_equal(
        trivet_store_session_extend(store, line.session, NOW, NOW, NULL),
        TRIVET_OK);
    assert_int_equal(find_session(1, &home).expiry.anchored_us, NOW + 1);
    assert_int_equal(find_session(2, &home).expiry.anchored_us, NOW);
}

static void
an_ended_session_stays_as_it_was(void **state)
{
    struct line line = put_line(1);

    (void) state;

    (void) put_session(2, line.device);
    assert_int_equal(
        trivet_store_session_end(store, line.session, LATER, NULL), TRIVET_OK);
    assert_true(find_session(1, &home).is_ended);
    assert_false(find_session(2, &home).is_ended);

    assert_int_equal(
        trivet_store_session_extend(store, line.session, LATER, LATER, NULL),
        TRIVET_OK);
    assert_int_equal(find_session(1, &home).expiry.anchored_us, NOW);
    assert_int_equal(
        trivet_store_session_end(store, line.session, LATER + 9, NULL),
        TRIVET_OK);
    assert_int_equal(
        scratch_sql(&scratch, "SELECT ended_us FROM session WHERE id = 1"),
        LATER);
    assert_int_equal(
        trivet_store_session_end(store, line.session + 9, LATER, NULL),
        TRIVET_E_NOT_FOUND);
}

/* ---- ids ---------------------------------------------------------------- */

static void
an_id_is_never_used_again(void **state)
{
    struct line first = put_line(1);
    struct line second;

    (void) state;

    (void) scratch_sql(&scratch, "DELETE FROM session");
    (void) scratch_sql(&scratch, "DELETE FROM device");
    (void) scratch_sql(&scratch, "DELETE FROM api_key");
    (void) scratch_sql(&scratch, "DELETE FROM installation_token");
    (void) scratch_sql(&scratch, "DELETE FROM installation");
    (void) scratch_sql(&scratch, "DELETE FROM users");
    (void) scratch_sql(&scratch, "DELETE FROM server_key");

    second = put_line(1);
    assert_true(second.user > first.user);
    assert_true(second.installation > first.installation);
    assert_true(second.api_key > first.api_key);
    assert_true(second.device > first.device);
    assert_true(second.session > first.session);
    assert_true(put_server_key(200) > 1);
    assert_true(
        scratch_sql(&scratch, "SELECT id FROM installation_token") > 10001);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_device_needs_an_installation_and_an_api_key),
        TEST(a_session_is_found_by_its_token),
        TEST(two_sessions_never_share_a_token),
        TEST(an_extension_never_moves_back),
        TEST(an_ended_session_stays_as_it_was),
        TEST(an_id_is_never_used_again),
    };

    return cmocka_run_group_tests_name("store_session", tests, NULL, NULL);
}
