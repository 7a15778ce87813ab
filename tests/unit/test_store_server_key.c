/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_server_key.c - server keys: added, placed, current, retired,
 * dropped */
#define _POSIX_C_SOURCE 200809L
#include "store/noun/api_key.h"
#include "store/noun/installation.h"
#include "store/noun/server_key.h"
#include "store/noun/session.h"
#include "tests/unit/nouns.h"

static void
a_server_key_is_added_once(void **state)
{
    int64_t first = put_server_key(1);
    int64_t second = put_server_key(2);
    struct trivet_public_key shorter = key_of(1);
    int64_t id;

    (void) state;

    assert_true(first > 0);
    assert_int_not_equal(first, second);
    assert_int_equal(put_server_key(1), first);
    assert_int_equal(put_server_key(2), second);

    shorter.der_len--;
    assert_int_equal(
        trivet_store_server_key_ensure(store, &shorter, NOW, &id, NULL),
        TRIVET_OK);
    assert_true(id != first && id != second);
    assert_int_equal(
        scratch_sql(&scratch, "SELECT COUNT(*) FROM server_key"), 3);
}

static struct trivet_server_key_row
get_server_key(int64_t id)
{
    struct trivet_server_key_row row;

    memset(&row, 0x5a, sizeof row);
    assert_int_equal(
        trivet_store_server_key_get(store, id, &row, NULL), TRIVET_OK);
    assert_int_equal(row.id, id);
    return row;
}

static void
a_new_server_key_is_nowhere_and_not_current(void **state)
{
    struct trivet_server_key_row row = get_server_key(put_server_key(1));

    (void) state;

    assert_int_equal(row.created_us, NOW);
    assert_int_equal(row.retired_us, 0);
    assert_false(row.is_current);
    assert_string_equal(row.location, "");
    assert_int_equal(
        trivet_store_server_key_get(store, 99, &row, NULL), TRIVET_E_NOT_FOUND);
}

static void
one_server_key_is_at_a_place(void **state)
{
    int64_t first = put_server_key(1);
    int64_t second = put_server_key(2);

    (void) state;

    assert_int_equal(
        trivet_store_server_key_locate(store, first, "a.pem", NOW, NULL),
        TRIVET_OK);
    assert_int_equal(
        trivet_store_server_key_locate(store, first, "a.pem", NOW, NULL),
        TRIVET_OK);
    assert_string_equal(get_server_key(first).location, "a.pem");
    assert_int_equal(
        trivet_store_server_key_locate(store, second, "a.pem", NOW, NULL),
        TRIVET_OK);
    assert_string_equal(get_server_key(first).location, "");
    assert_string_equal(get_server_key(second).location, "a.pem");
    assert_int_equal(
        trivet_store_server_key_locate(store, 99, "b.pem", NOW, NULL),
        TRIVET_E_NOT_FOUND);
}

static void
one_server_key_is_current_and_that_is_not_retired(void **state)
{
    int64_t first = put_server_key(1);
    int64_t second = put_server_key(2);

    (void) state;

    assert_int_equal(
        trivet_store_server_key_make_current(store, first, NOW, NULL),
        TRIVET_OK);
    assert_int_equal(
        trivet_store_server_key_make_current(store, second, NOW, NULL),
        TRIVET_OK);
    assert_false(get_server_key(first).is_current);
    assert_true(get_server_key(second).is_current);

    assert_int_equal(trivet_store_server_key_retire(store, second, NOW, NULL),
        TRIVET_E_NOT_FOUND);
    assert_int_equal(
        trivet_store_server_key_retire(store, first, NOW, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_store_server_key_retire(store, first, NOW + 1, NULL), TRIVET_OK);
    assert_int_equal(get_server_key(first).retired_us, NOW);
    assert_int_equal(get_server_key(second).retired_us, 0);
    assert_int_equal(
        trivet_store_server_key_make_current(store, first, NOW, NULL),
        TRIVET_E_NOT_FOUND);
    assert_int_equal(trivet_store_server_key_retire(store, 99, NOW, NULL),
        TRIVET_E_NOT_FOUND);
}

static void
a_server_key_that_somebody_has_is_not_dropped(void **state)
{
    int64_t used = put_server_key(200);
    int64_t unused = put_server_key(2);

    (void) state;

    (void) put_installation(1);
    assert_int_equal(
        trivet_store_server_key_drop(store, used, NOW, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_store_server_key_drop(store, unused, NOW, NULL), TRIVET_OK);
    assert_int_equal(get_server_key(used).id, used);
    assert_int_equal(
        scratch_sql(&scratch, "SELECT COUNT(*) FROM server_key"), 1);
}

struct seen_keys {
    size_t num_keys;
    struct trivet_server_key_row keys[4];
    size_t num_uses;
    struct trivet_server_key_use uses[4];
};

static void
see_key(void *opaque, const struct trivet_server_key_row *row)
{
    struct seen_keys *seen = opaque;

    seen->keys[seen->num_keys++] = *row;
}

static void
see_use(void *opaque, const struct trivet_server_key_use *row)
{
    struct seen_keys *seen = opaque;

    seen->uses[seen->num_uses++] = *row;
}

static struct seen_keys
see_all(int64_t id, int64_t now_us)
{
    struct seen_keys seen = {.num_keys = 0};

    assert_int_equal(
        trivet_store_server_key_list(store, now_us, see_key, &seen, NULL),
        TRIVET_OK);
    assert_int_equal(trivet_store_server_key_use_list(
                         store, id, now_us, see_use, &seen, NULL),
        TRIVET_OK);
    return seen;
}

static void
the_users_of_a_server_key_are_counted_and_named(void **state)
{
    int64_t key = put_server_key(200);
    int64_t other = put_server_key(2);
    int64_t user = put_user(1);
    int64_t api_key = put_api_key(1, user);
    int64_t first = put_installation(1);
    int64_t second = put_installation(2);
    int64_t device = put_device(first, api_key);
    int64_t session;
    struct seen_keys seen;

    (void) state;

    session = put_session(1, device);
    (void) put_session(2, device);
    seen = see_all(key, NOW);
    assert_int_equal(seen.num_keys, 2);
    assert_int_equal(seen.keys[0].id, key);
    assert_int_equal(seen.keys[0].num_installations, 2);
    assert_int_equal(seen.keys[0].num_alive, 1);
    assert_int_equal(seen.keys[1].id, other);
    assert_int_equal(seen.keys[1].num_installations, 0);
    assert_int_equal(seen.keys[1].num_alive, 0);
    assert_int_equal(seen.num_uses, 2);
    assert_int_equal(seen.uses[0].installation_id, first);
    assert_int_equal(seen.uses[0].device_id, device);
    assert_int_equal(seen.uses[0].user_id, user);
    assert_string_equal(seen.uses[0].user_name, "Somebody");
    assert_int_equal(seen.uses[0].num_sessions, 2);
    assert_int_equal(seen.uses[1].installation_id, second);
    assert_int_equal(seen.uses[1].device_id, 0);
    assert_int_equal(see_all(other, NOW).num_uses, 0);

    /* an ended session counts no more, nor one that has expired */
    assert_int_equal(
        trivet_store_session_end(store, session, NOW, NULL), TRIVET_OK);
    assert_int_equal(see_all(key, NOW).uses[0].num_sessions, 1);
    assert_int_equal(see_all(key, NOW).keys[0].num_alive, 1);
    assert_int_equal(
        see_all(key, NOW + INT64_C(604800000000)).keys[0].num_alive, 0);
    assert_int_equal(
        trivet_store_api_key_revoke(store, api_key, NOW, NULL), TRIVET_OK);
    assert_int_equal(see_all(key, NOW).keys[0].num_alive, 0);
}

static void
a_retired_server_key_is_seen_with_the_token(void **state)
{
    struct digest digest = digest_of(1);
    struct trivet_installation found;

    (void) state;

    (void) put_installation(1);
    assert_int_equal(trivet_store_installation_find(
                         store, digest.bytes, &home, &found, NULL),
        TRIVET_OK);
    assert_false(found.is_server_key_retired);
    assert_int_equal(
        trivet_store_server_key_retire(store, put_server_key(200), NOW, NULL),
        TRIVET_OK);
    assert_int_equal(trivet_store_installation_find(
                         store, digest.bytes, &home, &found, NULL),
        TRIVET_OK);
    assert_true(found.is_server_key_retired);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_server_key_is_added_once),
        TEST(a_new_server_key_is_nowhere_and_not_current),
        TEST(one_server_key_is_at_a_place),
        TEST(one_server_key_is_current_and_that_is_not_retired),
        TEST(a_server_key_that_somebody_has_is_not_dropped),
        TEST(the_users_of_a_server_key_are_counted_and_named),
        TEST(a_retired_server_key_is_seen_with_the_token),
    };

    return cmocka_run_group_tests_name("store_server_key", tests, NULL, NULL);
}
