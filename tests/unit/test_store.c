/* SPDX-License-Identifier: Apache-2.0 */
/* test_store.c - the nouns of the store: put, find, change, list */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/scratch.h"

#include "store/listing.h"
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

/* Names, labels, descriptions and PEM text that mean something elsewhere. */
static const char *const hostile[] = {"", " ", "'", "\"", "''", "';--",
    "'); DROP TABLE users; --", "$1", "?1", ":a", "@a", "%", "_", "*", "\\",
    "\\0", "\n\r\t\v\x01\x7f", "NULL", "0", "1e9", "x'00'", "Zo\xc3\xab",
    "\xff\xfe\x80 not UTF-8", "\xf0\x9f\x98\x80"};

enum { NUM_HOSTILE = sizeof hostile / sizeof hostile[0] };

/* ---- making ------------------------------------------------------------- */

static int
set_up(void **state)
{
    (void) state;

    scratch_make(&scratch);
    assert_int_equal(
        trivet_store_open(scratch.url, TRIVET_STORE_MIGRATE, &store, NULL),
        TRIVET_OK);
    return 0;
}

static int
tear_down(void **state)
{
    (void) state;

    trivet_store_close(store);
    scratch_remove(&scratch);
    return 0;
}

static struct digest
digest_of(int number)
{
    struct digest digest;

    memset(digest.bytes, number, sizeof digest.bytes);
    return digest;
}

static struct trivet_public_key
key_of(int number)
{
    struct trivet_public_key key = {.der_len = 294};

    memset(key.der, number, key.der_len);
    return key;
}

static struct trivet_user
user_of(int number, const char *name)
{
    struct trivet_user user = {
        .id = -1, .kind = TRIVET_USER_PERSON, .session_timeout_s = 604800};

    (void) snprintf(user.public_uuid, sizeof user.public_uuid,
        "00000000-0000-4000-8000-%012d", number);
    (void) snprintf(user.display_name, sizeof user.display_name, "%s", name);
    return user;
}

static int64_t
put_user(int number)
{
    struct trivet_user user = user_of(number, "Somebody");

    assert_int_equal(trivet_store_user_put(store, &user, NOW, NULL), TRIVET_OK);
    return user.id;
}

static int64_t
put_server_key(int number)
{
    struct trivet_public_key key = key_of(number);
    int64_t id;

    assert_int_equal(
        trivet_store_server_key_ensure(store, &key, NOW, &id, NULL), TRIVET_OK);
    return id;
}

static enum trivet_status
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

static int64_t
put_installation(int number)
{
    int64_t id;
    int64_t token_id;

    assert_int_equal(
        try_installation(number, put_server_key(200), &id, &token_id),
        TRIVET_OK);
    return id;
}

static enum trivet_status
try_api_key(int number, int64_t user_id, int64_t *out_id)
{
    struct digest digest = digest_of(number);
    struct trivet_new_api_key made = {.user_id = user_id,
        .digest = digest.bytes,
        .label = "a label",
        .expires_us = NOW + 3600};

    return trivet_store_api_key_put(store, &made, NOW, out_id, NULL);
}

static int64_t
put_api_key(int number, int64_t user_id)
{
    int64_t id;

    assert_int_equal(try_api_key(number, user_id, &id), TRIVET_OK);
    return id;
}

static enum trivet_status
try_device(int64_t installation_id, int64_t api_key_id, const char *description,
    int64_t *out_id)
{
    struct trivet_new_device made = {.installation_id = installation_id,
        .api_key_id = api_key_id,
        .description = description,
        .address = home};

    return trivet_store_device_put(store, &made, NOW, out_id, NULL);
}

static int64_t
put_device(int64_t installation_id, int64_t api_key_id)
{
    int64_t id;

    assert_int_equal(
        try_device(installation_id, api_key_id, "a device", &id), TRIVET_OK);
    return id;
}

static enum trivet_status
try_session(int number, int64_t device_id, int64_t *out_id)
{
    struct digest digest = digest_of(number);

    return trivet_store_session_put(
        store, digest.bytes, device_id, NOW, out_id, NULL);
}

static int64_t
put_session(int number, int64_t device_id)
{
    int64_t id;

    assert_int_equal(try_session(number, device_id, &id), TRIVET_OK);
    return id;
}

static void
permit(int64_t api_key_id, const struct trivet_address *address)
{
    assert_int_equal(
        trivet_store_permitted_ip_put(store, api_key_id, address, NOW, NULL),
        TRIVET_OK);
}

static void
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

static struct line
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

static struct trivet_user
get_user(int64_t id)
{
    struct trivet_user user;

    assert_int_equal(trivet_store_user_get(store, id, &user, NULL), TRIVET_OK);
    return user;
}

static struct trivet_installation
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

static struct trivet_api_key
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

static struct trivet_session
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

static bool
is_permitted(int64_t api_key_id, const struct trivet_address *address)
{
    bool is = false;

    assert_int_equal(
        trivet_store_permitted_ip_check(store, api_key_id, address, &is, NULL),
        TRIVET_OK);
    return is;
}

/* ---- server keys -------------------------------------------------------- */

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

/* ---- users -------------------------------------------------------------- */

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
    (void) scratch_sql(
        &scratch, "UPDATE users SET display_name = printf('%.*c', 300, 'x')");
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

/* ---- installations ------------------------------------------------------ */

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
    assert_true(found.is_at_home);
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
    assert_true(find_installation(1, &home).is_at_home);
    assert_false(find_installation(1, &abroad).is_at_home);
    assert_false(find_installation(1, &ipv6).is_at_home);

    /* sixteen bytes count, not the four of IPv4 */
    near.bytes[0] = 1;
    assert_false(find_installation(1, &near).is_at_home);
}

static void
the_keys_of_its_devices_free_an_installation(void **state)
{
    struct line mine = put_line(1);
    struct line other = put_line(2);

    (void) state;

    permit(other.api_key, &abroad);
    assert_false(find_installation(1, &abroad).is_at_home);
    assert_true(find_installation(2, &abroad).is_at_home);

    permit(mine.api_key, &ipv6);
    assert_true(find_installation(1, &ipv6).is_at_home);
    assert_false(find_installation(1, &abroad).is_at_home);
    (void) scratch_sql(&scratch, "UPDATE permitted_ip SET is_active = 0");
    assert_false(find_installation(1, &ipv6).is_at_home);

    allow_all(mine.api_key, true);
    assert_true(find_installation(1, &abroad).is_at_home);
    assert_false(find_installation(2, &ipv6).is_at_home);
    allow_all(mine.api_key, false);
    assert_false(find_installation(1, &abroad).is_at_home);
    assert_true(find_installation(1, &home).is_at_home);
}

/* ---- API keys ----------------------------------------------------------- */

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
    assert_int_equal(found.device_id, 0);

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
        find_api_key(1, &home, mine.installation).device_id, mine.device);
    assert_int_equal(find_api_key(1, &home, other.installation).device_id, 0);
    assert_int_equal(find_api_key(2, &home, mine.installation).device_id, 0);

    newest = put_device(mine.installation, mine.api_key);
    (void) put_device(other.installation, mine.api_key);
    (void) put_device(mine.installation, other.api_key);
    assert_int_equal(
        find_api_key(1, &home, mine.installation).device_id, newest);
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

/* ---- lists -------------------------------------------------------------- */

enum { MAX_LIST = 64 };

struct list {
    size_t num;
    struct trivet_user users[MAX_LIST];
    struct trivet_api_key_row api_keys[MAX_LIST];
    struct trivet_device_row devices[MAX_LIST];
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
keep_api_key(void *user, const struct trivet_api_key_row *row)
{
    (void) user;
    list.api_keys[list.num++] = *row;
}

static void
keep_device(void *user, const struct trivet_device_row *row)
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
keep_address(void *user, const struct trivet_address *address)
{
    (void) user;
    list.addresses[list.num++] = *address;
}

/* Fills the part of the list that is the noun's. */
#define LIST(noun)                                                             \
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

    LIST(user);
    assert_int_equal(list.num, 0);
    LIST(api_key);
    assert_int_equal(list.num, 0);
    LIST(device);
    assert_int_equal(list.num, 0);
    LIST(session);
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

    LIST(user);
    assert_int_equal(list.num, 3);
    LIST(device);
    assert_int_equal(list.num, 3);
    LIST(session);
    assert_int_equal(list.num, 3);
    LIST(api_key);
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
        assert_int_equal(list.sessions[i].id, lines[i].session);
        assert_int_equal(list.sessions[i].device_id, lines[i].device);
        assert_int_equal(list.sessions[i].api_key_id, lines[i].api_key);
        assert_int_equal(list.sessions[i].user_id, lines[i].user);
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

    LIST(api_key);
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

    LIST(session);
    assert_int_equal(list.num, 2);
    assert_int_equal(list.sessions[0].created_us, NOW);
    assert_int_equal(list.sessions[0].expiry.anchored_us, NOW);
    assert_int_equal(list.sessions[0].expiry.timeout_s, 604800);
    assert_int_equal(list.sessions[0].ended_us, LATER);
    assert_true(list.sessions[0].is_key_revoked);
    assert_int_equal(list.sessions[1].expiry.anchored_us, LATER);
    assert_int_equal(list.sessions[1].ended_us, 0);
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

    LIST(api_key);
    assert_int_equal(list.num, NUM_HOSTILE + 1);
    LIST(device);
    assert_int_equal(list.num, NUM_HOSTILE + 2);
    for (size_t i = 0; i < NUM_HOSTILE; i++) {
        assert_string_equal(list.api_keys[i + 1].label, hostile[i]);
        assert_string_equal(list.devices[i + 1].description, hostile[i]);
    }
    assert_string_equal(list.devices[NUM_HOSTILE + 1].description, longest);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
        TEST(a_user_comes_back_as_it_was_put),
        TEST(who_is_not_there_is_not_found),
        TEST(a_name_that_two_have_finds_neither),
        TEST(two_users_never_share_a_uuid),
        TEST(hostile_names_are_only_names),
        TEST(the_longest_name_is_kept_whole),
        TEST(a_changed_auto_logout_time_is_that_of_all_the_users_sessions),
        TEST(an_auto_logout_time_is_more_than_nothing),
        TEST(an_installation_is_found_by_its_token),
        TEST(two_installations_never_share_a_token),
        TEST(an_installation_needs_a_server_key_that_is_there),
        TEST(what_a_provider_signs_is_kept_as_a_digest),
        TEST(an_installation_is_at_home_where_it_was_made),
        TEST(the_keys_of_its_devices_free_an_installation),
        TEST(a_new_api_key_is_free_and_alive),
        TEST(the_same_api_key_is_there_once),
        TEST(a_bound_api_key_stays_bound),
        TEST(binding_does_not_take_a_freedom_away),
        TEST(a_revoked_api_key_ends_its_sessions_alone),
        TEST(an_api_key_knows_the_newest_device_of_the_installation),
        TEST(an_address_is_permitted_to_one_api_key),
        TEST(an_address_is_permitted_once_to_a_key_that_is_there),
        TEST(a_device_needs_an_installation_and_an_api_key),
        TEST(a_session_is_found_by_its_token),
        TEST(two_sessions_never_share_a_token),
        TEST(an_extension_never_moves_back),
        TEST(an_ended_session_stays_as_it_was),
        TEST(an_id_is_never_used_again),
        TEST(an_empty_store_has_empty_lists),
        TEST(lists_tell_all_in_the_order_of_ids),
        TEST(a_listed_api_key_tells_its_life),
        TEST(a_listed_session_tells_its_life),
        TEST(permitted_addresses_are_listed_key_by_key),
        TEST(hostile_labels_and_descriptions_are_only_texts),
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
