/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_list.c - lists of all, for the operator */
#define _POSIX_C_SOURCE 200809L
#include "store/noun/api_key.h"
#include "store/noun/permitted_ip.h"
#include "store/noun/session.h"
#include "tests/unit/nouns.h"

enum { MAX_LIST = 64 };

struct list {
    size_t num;
    struct trivet_user users[MAX_LIST];
    struct trivet_api_key api_keys[MAX_LIST];
    struct trivet_device devices[MAX_LIST];
    struct trivet_session_row sessions[MAX_LIST];
    struct trivet_address addresses[MAX_LIST];
};

static struct list list;

static void
keep_user(void *user, const struct trivet_user *row)
{
    (void) user;
    list.users[list.num++] = *row;
}

static void
keep_api_key(void *user, const struct trivet_api_key *row)
{
    (void) user;
    list.api_keys[list.num++] = *row;
}

static void
keep_device(void *user, const struct trivet_device *row)
{
    (void) user;
    list.devices[list.num++] = *row;
}

static void
keep_session(void *user, const struct trivet_session_row *row)
{
    (void) user;
    list.sessions[list.num++] = *row;
}

static void
keep_address(void *user, const struct trivet_permitted_ip *ip)
{
    (void) user;
    list.addresses[list.num++] = ip->address;
}

/* Fills the part of the list that is the noun's. */
#define LIST_ALL(noun)                                                         \
    do {                                                                       \
        list.num = 0;                                                          \
        assert_int_equal(                                                      \
            trivet_store_##noun##_list(store, keep_##noun, NULL, NULL),        \
            TRIVET_OK);                                                        \
    } while (0)

static void
list_addresses(int64_t api_key_id)
{
    list.num = 0;
    assert_int_equal(trivet_store_permitted_ip_list(
                         store, api_key_id, keep_address, NULL, NULL),
        TRIVET_OK);
}

static void
an_empty_store_has_empty_lists(void **state)
{
    (void) state;

    LIST_ALL(user);
    assert_int_equal(list.num, 0);
    LIST_ALL(api_key);
    assert_int_equal(list.num, 0);
    LIST_ALL(device);
    assert_int_equal(list.num, 0);
    LIST_ALL(session);
    assert_int_equal(list.num, 0);
    list_addresses(1);
    assert_int_equal(list.num, 0);
}

static void
lists_tell_all_in_the_order_of_ids(void **state)
{
    struct line lines[3];

    (void) state;

    for (int i = 0; i < 3; i++) {
        lines[i] = put_line(i + 1);
    }

    LIST_ALL(user);
    assert_int_equal(list.num, 3);
    LIST_ALL(device);
    assert_int_equal(list.num, 3);
    LIST_ALL(session);
    assert_int_equal(list.num, 3);
    LIST_ALL(api_key);
    assert_int_equal(list.num, 3);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(list.users[i].id, lines[i].user);
        assert_string_equal(list.users[i].display_name, "Somebody");
        assert_int_equal(list.api_keys[i].id, lines[i].api_key);
        assert_int_equal(list.api_keys[i].user_id, lines[i].user);
        assert_int_equal(list.devices[i].id, lines[i].device);
        assert_int_equal(list.devices[i].created_us, NOW);
        assert_int_equal(
            list.devices[i].installation_id, lines[i].installation);
        assert_int_equal(list.devices[i].api_key_id, lines[i].api_key);
        assert_int_equal(list.devices[i].user_id, lines[i].user);
        assert_string_equal(list.devices[i].description, "a device");
        assert_true(trivet_address_equal(&list.devices[i].address, &home));
        assert_int_equal(list.sessions[i].session.id, lines[i].session);
        assert_int_equal(list.sessions[i].session.device_id, lines[i].device);
        assert_int_equal(list.sessions[i].session.api_key_id, lines[i].api_key);
        assert_int_equal(list.sessions[i].session.user_id, lines[i].user);
        assert_string_equal(list.sessions[i].user_name, "Somebody");
    }
}

static void
a_listed_api_key_tells_its_life(void **state)
{
    int64_t user = put_user(1);
    int64_t fresh = put_api_key(1, user);
    int64_t bound = put_api_key(2, user);
    int64_t revoked = put_api_key(3, user);

    (void) state;

    assert_int_equal(
        trivet_store_api_key_bind(store, bound, true, LATER, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_store_api_key_revoke(store, revoked, LATER, NULL), TRIVET_OK);

    LIST_ALL(api_key);
    assert_int_equal(list.num, 3);
    assert_int_equal(list.api_keys[0].id, fresh);
    assert_int_equal(list.api_keys[0].created_us, NOW);
    assert_int_equal(list.api_keys[0].expires_us, NOW + 3600);
    assert_int_equal(list.api_keys[0].bound_us, 0);
    assert_int_equal(list.api_keys[0].revoked_us, 0);
    assert_false(list.api_keys[0].allows_all_ips);
    assert_string_equal(list.api_keys[0].user_name, "Somebody");
    assert_string_equal(list.api_keys[0].label, "a label");
    assert_int_equal(list.api_keys[1].bound_us, LATER);
    assert_true(list.api_keys[1].allows_all_ips);
    assert_int_equal(list.api_keys[2].revoked_us, LATER);
    assert_false(list.api_keys[2].allows_all_ips);
}

static void
a_listed_session_tells_its_life(void **state)
{
    struct line line = put_line(1);
    int64_t second = put_session(2, line.device);

    (void) state;

    assert_int_equal(
        trivet_store_session_extend(store, second, LATER, LATER, NULL),
        TRIVET_OK);
    assert_int_equal(
        trivet_store_session_end(store, line.session, LATER, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_store_api_key_revoke(store, line.api_key, LATER, NULL),
        TRIVET_OK);

    LIST_ALL(session);
    assert_int_equal(list.num, 2);
    assert_int_equal(list.sessions[0].session.created_us, NOW);
    assert_int_equal(list.sessions[0].session.expiry.anchored_us, NOW);
    assert_int_equal(list.sessions[0].session.expiry.timeout_s, 604800);
    assert_int_equal(list.sessions[0].session.ended_us, LATER);
    assert_true(list.sessions[0].session.is_key_revoked);
    assert_int_equal(list.sessions[1].session.expiry.anchored_us, LATER);
    assert_int_equal(list.sessions[1].session.ended_us, 0);
}

static void
permitted_addresses_are_listed_key_by_key(void **state)
{
    int64_t user = put_user(1);
    int64_t mine = put_api_key(1, user);
    int64_t other = put_api_key(2, user);

    (void) state;

    permit(mine, &ipv6);
    permit(mine, &home);
    permit(other, &abroad);

    list_addresses(mine);
    assert_int_equal(list.num, 2);
    assert_true(trivet_address_equal(&list.addresses[0], &ipv6));
    assert_true(trivet_address_equal(&list.addresses[1], &home));

    (void) scratch_sql(
        &scratch, "UPDATE permitted_ip SET is_active = 0 WHERE id = 1");
    list_addresses(mine);
    assert_int_equal(list.num, 1);
    assert_true(trivet_address_equal(&list.addresses[0], &home));
}

static void
hostile_labels_and_descriptions_are_only_texts(void **state)
{
    struct line line = put_line(99);
    char longest[TRIVET_MAX_DESCRIPTION + 1];
    int64_t id;

    (void) state;

    for (size_t i = 0; i < NUM_HOSTILE; i++) {
        struct digest digest = digest_of((int) i + 1);
        struct trivet_new_api_key made = {
            .user_id = line.user, .digest = digest.bytes, .label = hostile[i]};

        assert_int_equal(
            trivet_store_api_key_put(store, &made, NOW, &id, NULL), TRIVET_OK);
        assert_int_equal(
            try_device(line.installation, line.api_key, hostile[i], &id),
            TRIVET_OK);
    }
    memset(longest, '"', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(
        try_device(line.installation, line.api_key, longest, &id), TRIVET_OK);

    LIST_ALL(api_key);
    assert_int_equal(list.num, NUM_HOSTILE + 1);
    LIST_ALL(device);
    assert_int_equal(list.num, NUM_HOSTILE + 2);
    for (size_t i = 0; i < NUM_HOSTILE; i++) {
        assert_string_equal(list.api_keys[i + 1].label, hostile[i]);
        assert_string_equal(list.devices[i + 1].description, hostile[i]);
    }
    assert_string_equal(list.devices[NUM_HOSTILE + 1].description, longest);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_store_has_empty_lists),
        TEST(lists_tell_all_in_the_order_of_ids),
        TEST(a_listed_api_key_tells_its_life),
        TEST(a_listed_session_tells_its_life),
        TEST(permitted_addresses_are_listed_key_by_key),
        TEST(hostile_labels_and_descriptions_are_only_texts),
    };

    return cmocka_run_group_tests_name("store_list", tests, NULL, NULL);
}
