/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nouns.h - a store for one test, and short ways to put things into it
 *
 * put_... adds a thing and fails the test when that fails; try_... returns the
 * status. The number makes digests, keys and names differ. Whoever includes it
 * defines _POSIX_C_SOURCE 200809L before.
 */
#ifndef TRIVET_TESTS_NOUNS_H
#define TRIVET_TESTS_NOUNS_H

#include "tests/unit/scratch.h"

#include "store/noun/api_key.h"
#include "store/noun/device.h"
#include "store/noun/installation.h"
#include "store/noun/permitted_ip.h"
#include "store/noun/server_key.h"
#include "store/noun/session.h"
#include "store/noun/user.h"
#include "store/store.h"

enum { NOW = 1700000000, LATER = NOW + 5 };

static struct scratch scratch;
static struct trivet_store *store;

struct digest {
    unsigned char bytes[TRIVET_DIGEST_LEN];
};

static const struct trivet_address home = {
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1}};
static const struct trivet_address abroad = {
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 2}};
static const struct trivet_address ipv6 = {
    {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

/* Names, labels, descriptions and PEM text that mean something elsewhere. The
 * last one is no UTF-8, which PostgreSQL refuses: set_up replaces it there. */
static const char *hostile[] = {"", " ", "'", "\"", "''", "';--",
    "'); DROP TABLE users; --", "$1", "?1", ":a", "@a", "%", "_", "*", "\\",
    "\\0", "\n\r\t\v\x01\x7f", "NULL", "0", "1e9", "x'00'", "Zo\xc3\xab",
    "\xf0\x9f\x98\x80", "\xff\xfe\x80 not UTF-8"};

enum { NUM_HOSTILE = sizeof hostile / sizeof hostile[0] };

/* ---- making ------------------------------------------------------------- */

static inline int
set_up(void **state)
{
    (void) state;

    scratch_make(&scratch);
    assert_int_equal(
        trivet_store_open(scratch.url, TRIVET_STORE_MIGRATE, &store, NULL),
        TRIVET_OK);
    if (scratch.is_postgres) {
        hostile[NUM_HOSTILE - 1] = "UTF-8 alone";
    }
    return 0;
}

static inline int
tear_down(void **state)
{
    (void) state;

    trivet_store_close(store);
    scratch_remove(&scratch);
    return 0;
}

static inline struct digest
digest_of(int number)
{
    struct digest digest;

    memset(digest.bytes, number, sizeof digest.bytes);
    return digest;
}

static inline struct trivet_public_key
key_of(int number)
{
    struct trivet_public_key key = {.der_len = 294};

    memset(key.der, number, key.der_len);
    return key;
}

static inline struct trivet_user
user_of(int number, const char *name)
{
    struct trivet_user user = {
        .id = -1, .kind = TRIVET_USER_PERSON, .session_timeout_s = 604800};

    (void) snprintf(user.public_uuid, sizeof user.public_uuid,
        "00000000-0000-4000-8000-%012d", number);
    (void) snprintf(user.display_name, sizeof user.display_name, "%s", name);
    return user;
}

static inline int64_t
put_user(int number)
{
    struct trivet_user user = user_of(number, "Somebody");

    assert_int_equal(trivet_store_user_put(store, &user, NOW, NULL), TRIVET_OK);
    return user.id;
}

static inline int64_t
put_server_key(int number)
{
    struct trivet_public_key key = key_of(number);
    int64_t id;

    assert_int_equal(
        trivet_store_server_key_ensure(store, &key, NOW, &id, NULL), TRIVET_OK);
    return id;
}

static inline enum trivet_status
try_installation(
    int number, int64_t server_key_id, int64_t *out_id, int64_t *out_token_id)
{
    struct trivet_public_key key = key_of(number);
    struct digest digest = digest_of(number);
    struct trivet_new_installation made = {
        .key = &key,
        .address = home,
        .server_key_id = server_key_id,
        .token_digest = digest.bytes,
        .signed_digest = digest.bytes,
    };

    return trivet_store_installation_put(
        store, &made, NOW, out_id, out_token_id, NULL);
}

static inline int64_t
put_installation(int number)
{
    int64_t id;
    int64_t token_id;

    assert_int_equal(
        try_installation(number, put_server_key(200), &id, &token_id),
        TRIVET_OK);
    return id;
}

static inline enum trivet_status
try_api_key(int number, int64_t user_id, int64_t *out_id)
{
    struct digest digest = digest_of(number);
    struct trivet_new_api_key made = {.user_id = user_id,
        .digest = digest.bytes,
        .label = "a label",
        .expires_us = NOW + 3600};

    return trivet_store_api_key_put(store, &made, NOW, out_id, NULL);
}

static inline int64_t
put_api_key(int number, int64_t user_id)
{
    int64_t id;

    assert_int_equal(try_api_key(number, user_id, &id), TRIVET_OK);
    return id;
}

static inline enum trivet_status
try_device(int64_t installation_id, int64_t api_key_id, const char *description,
    int64_t *out_id)
{
    struct trivet_new_device made = {.installation_id = installation_id,
        .api_key_id = api_key_id,
        .description = description,
        .address = home};

    return trivet_store_device_put(store, &made, NOW, out_id, NULL);
}

static inline int64_t
put_device(int64_t installation_id, int64_t api_key_id)
{
    int64_t id;

    assert_int_equal(
        try_device(installation_id, api_key_id, "a device", &id), TRIVET_OK);
    return id;
}

static inline enum trivet_status
try_session(int number, int64_t device_id, int64_t *out_id)
{
    struct digest digest = digest_of(number);

    return trivet_store_session_put(
        store, digest.bytes, device_id, NOW, out_id, NULL);
}

static inline int64_t
put_session(int number, int64_t device_id)
{
    int64_t id;

    assert_int_equal(try_session(number, device_id, &id), TRIVET_OK);
    return id;
}

static inline void
permit(int64_t api_key_id, const struct trivet_address *address)
{
    assert_int_equal(
        trivet_store_permitted_ip_put(store, api_key_id, address, NOW, NULL),
        TRIVET_OK);
}

static inline void
allow_all(int64_t api_key_id, bool allow)
{
    assert_int_equal(trivet_store_api_key_allow_all_ips(
                         store, api_key_id, allow, LATER, NULL),
        TRIVET_OK);
}

/* A whole line of them, each with number in it. */
struct line {
    int64_t user;
    int64_t installation;
    int64_t api_key;
    int64_t device;
    int64_t session;
};

static inline struct line
put_line(int number)
{
    struct line line;

    line.user = put_user(number);
    line.installation = put_installation(number);
    line.api_key = put_api_key(number, line.user);
    line.device = put_device(line.installation, line.api_key);
    line.session = put_session(number, line.device);
    return line;
}

/* ---- finding ------------------------------------------------------------ */

static inline struct trivet_user
get_user(int64_t id)
{
    struct trivet_user user;

    assert_int_equal(trivet_store_user_get(store, id, &user, NULL), TRIVET_OK);
    return user;
}

static inline struct trivet_installation
find_installation(int number, const struct trivet_address *address)
{
    struct digest digest = digest_of(number);
    struct trivet_installation found;

    memset(&found, 0x5a, sizeof found);
    assert_int_equal(trivet_store_installation_find(
                         store, digest.bytes, address, &found, NULL),
        TRIVET_OK);
    return found;
}

static inline struct trivet_api_key
find_api_key(
    int number, const struct trivet_address *address, int64_t installation_id)
{
    struct digest digest = digest_of(number);
    struct trivet_api_key found;

    memset(&found, 0x5a, sizeof found);
    assert_int_equal(trivet_store_api_key_find(store, digest.bytes, address,
                         installation_id, &found, NULL),
        TRIVET_OK);
    return found;
}

static inline struct trivet_session
find_session(int number, const struct trivet_address *address)
{
    struct digest digest = digest_of(number);
    struct trivet_session found;

    memset(&found, 0x5a, sizeof found);
    assert_int_equal(
        trivet_store_session_find(store, digest.bytes, address, &found, NULL),
        TRIVET_OK);
    return found;
}

static inline bool
is_permitted(int64_t api_key_id, const struct trivet_address *address)
{
    bool is = false;

    assert_int_equal(
        trivet_store_permitted_ip_check(store, api_key_id, address, &is, NULL),
        TRIVET_OK);
    return is;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
