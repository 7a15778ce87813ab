/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store_admission.c - the row that a request is admitted by says what the
 * tables say, whatever is changed
 */
#define _POSIX_C_SOURCE 200809L
#include "store/noun/admission.h"
#include "base/timestamp.h"
#include "store/noun/prune.h"
#include "store/noun/reset.h"
#include "tests/unit/nouns.h"

struct faults {
    int num[TRIVET_ADMISSION_MISSING + 1];
    int64_t session_id; /* of the last */
};

static void
take_fault(void *opaque, enum trivet_admission_fault fault, int64_t session_id)
{
    struct faults *faults = opaque;

    faults->num[fault]++;
    faults->session_id = session_id;
}

static struct faults
check(int64_t *out_num_rows)
{
    struct faults faults = {.session_id = 0};
    struct trivet_error err;

    if (trivet_store_admission_check(
            store, take_fault, &faults, out_num_rows, &err)
        != TRIVET_OK)
    {
        fail_msg("%s", err.detail);
    }
    return faults;
}

/* The found session of either way, zeroed before, without the two members that
 * only one of them fills. */
static enum trivet_status
find(bool by_row, int number, const struct trivet_address *address,
    struct trivet_session *out)
{
    struct digest digest = digest_of(number);
    enum trivet_status status;

    memset(out, 0, sizeof *out);
    status = by_row ? trivet_store_admission_find(
                 store, digest.bytes, address, out, NULL, NULL)
                    : trivet_store_session_find(
                        store, digest.bytes, address, out, NULL);
    out->created_us = 0;
    out->ended_us = 0;
    return status;
}

static void
assert_same_answer(int number, const struct trivet_address *address)
{
    struct trivet_session row;
    struct trivet_session tables;

    assert_int_equal(find(true, number, address, &row),
        find(false, number, address, &tables));
    assert_int_equal(row.id, tables.id);
    assert_int_equal(row.expiry.anchored_us, tables.expiry.anchored_us);
    assert_int_equal(row.expiry.timeout_s, tables.expiry.timeout_s);
    assert_int_equal(row.device_id, tables.device_id);
    assert_int_equal(row.api_key_id, tables.api_key_id);
    assert_int_equal(row.user_id, tables.user_id);
    assert_int_equal(row.installation_id, tables.installation_id);
    assert_int_equal(row.server_key_id, tables.server_key_id);
    assert_int_equal(row.key.der_len, tables.key.der_len);
    assert_memory_equal(row.key.der, tables.key.der, tables.key.der_len);
    assert_int_equal(row.is_ended, tables.is_ended);
    assert_int_equal(row.is_key_revoked, tables.is_key_revoked);
    assert_int_equal(row.is_address_permitted, tables.is_address_permitted);
    assert_int_equal(row.is_server_key_retired, tables.is_server_key_retired);
}

/* After each change: every row agrees, num of them, and both ways find the
 * same of every token from every address. */
static void
assert_agrees(int num)
{
    int64_t num_rows;
    struct faults faults = check(&num_rows);

    assert_int_equal(num_rows, num);
    assert_int_equal(faults.session_id, 0);

    for (int number = 1; number <= 4; number++) {
        assert_same_answer(number, &home);
        assert_same_answer(number, &abroad);
        assert_same_answer(number, &ipv6);
    }
}

static void
set_ip(int64_t api_key, const struct trivet_address *address, bool is_active)
{
    int64_t id;

    assert_int_equal(trivet_store_permitted_ip_set(
                         store, api_key, address, is_active, LATER, &id, NULL),
        TRIVET_OK);
}

static bool
may_pass(int number, const struct trivet_address *address)
{
    struct trivet_session found;

    return find(true, number, address, &found) == TRIVET_OK && !found.is_ended
           && !found.is_key_revoked && found.is_address_permitted
           && !found.is_server_key_retired;
}

/* ---- every change ------------------------------------------------------- */

static void
sessions_keep_their_rows_right(void **state)
{
    struct line line = put_line(1);
    struct line other = put_line(2);

    (void) state;

    assert_agrees(2);
    (void) put_session(3, line.device);
    assert_agrees(3);
    assert_int_equal(
        trivet_store_session_set_timeout(store, 3, 77, NULL), TRIVET_OK);
    assert_agrees(3);
    assert_int_equal(
        trivet_store_session_extend(store, line.session, LATER, LATER, NULL),
        TRIVET_OK);
    assert_agrees(3);
    assert_int_equal(
        trivet_store_session_set_back(store, NOW - 9, NULL), TRIVET_OK);
    assert_agrees(3);
    assert_int_equal(
        trivet_store_session_end(store, other.session, LATER, NULL), TRIVET_OK);
    assert_agrees(2);
    assert_int_equal(trivet_store_session_end_expired(
                         store, line.user, NOW + 100 * TRIVET_US_PER_S, NULL),
        TRIVET_OK);
    assert_agrees(1);
}

static void
addresses_keep_rows_right(void **state)
{
    struct line line = put_line(1);

    (void) state;

    assert_false(may_pass(1, &home));
    permit(line.api_key, &home);
    assert_agrees(1);
    assert_true(may_pass(1, &home));
    set_ip(line.api_key, &ipv6, true);
    assert_agrees(1);
    assert_true(may_pass(1, &ipv6));
    set_ip(line.api_key, &home, false);
    assert_agrees(1);
    assert_false(may_pass(1, &home));
    set_ip(line.api_key, &home, true);
    assert_agrees(1);
    assert_true(may_pass(1, &home));

    allow_all(line.api_key, true);
    assert_agrees(1);
    assert_true(may_pass(1, &abroad));
    allow_all(line.api_key, false);
    assert_agrees(1);
    assert_false(may_pass(1, &abroad));
}

/* A row has eight addresses; the ninth is found in its table. And no address is
 * made of the end of one and the beginning of the next. */
static void
any_number_of_addresses_is_known(void **state)
{
    struct line line = put_line(1);
    struct trivet_address address = home;
    struct trivet_address across;

    (void) state;

    permit(line.api_key, &home);
    permit(line.api_key, &ipv6);
    memcpy(across.bytes, home.bytes + 8, 8);
    memcpy(across.bytes + 8, ipv6.bytes, 8);
    assert_false(may_pass(1, &across));

    for (int i = 0; i < 9; i++) {
        address.bytes[15] = (unsigned char) (100 + i);
        permit(line.api_key, &address);
        assert_agrees(1);
        assert_true(may_pass(1, &address));
    }

    set_ip(line.api_key, &address, false);
    assert_agrees(1);
    assert_false(may_pass(1, &address));
    assert_true(may_pass(1, &home));
}

static void
keys_and_users_keep_rows_right(void **state)
{
    struct line line = put_line(1);
    struct line other = put_line(2);

    (void) state;

    permit(line.api_key, &home);
    permit(other.api_key, &home);
    (void) put_session(3, line.device);
    assert_agrees(3);

    assert_int_equal(
        trivet_store_api_key_bind(store, line.api_key, true, LATER, NULL),
        TRIVET_OK);
    assert_agrees(3);
    assert_true(may_pass(3, &abroad));
    assert_int_equal(
        trivet_store_user_set_auto_logout(store, other.user, 99, LATER, NULL),
        TRIVET_OK);
    assert_agrees(3);
    assert_int_equal(
        trivet_store_api_key_revoke(store, line.api_key, LATER, NULL),
        TRIVET_OK);
    assert_agrees(1);
    assert_false(may_pass(1, &home));
    assert_false(may_pass(3, &home));
    assert_true(may_pass(2, &home));
}

static void
server_keys_and_public_keys_are_not_copied(void **state)
{
    struct line line = put_line(1);

    (void) state;

    permit(line.api_key, &home);
    assert_true(may_pass(1, &home));
    assert_int_equal(
        trivet_store_server_key_retire(store, put_server_key(200), LATER, NULL),
        TRIVET_OK);
    assert_agrees(1);
    assert_false(may_pass(1, &home));

    (void) scratch_sql(&scratch, "UPDATE installation SET public_der = x'07'");
    assert_agrees(1);
}

static void
what_is_removed_has_no_row(void **state)
{
    const struct trivet_prune_ages ages = {.sessions_s = 10};
    struct trivet_pruned pruned;
    struct line line = put_line(1);

    (void) state;

    (void) put_line(2);
    (void) put_session(3, line.device);
    assert_int_equal(
        trivet_store_session_end(store, line.session, NOW, NULL), TRIVET_OK);
    assert_agrees(2);
    assert_int_equal(trivet_store_prune(store, &ages, 500,
                         NOW + 90 * TRIVET_US_PER_S, &pruned, NULL),
        TRIVET_OK);
    assert_int_equal(pruned.num_sessions, 1);
    assert_agrees(2);
    assert_int_equal(trivet_store_prune(store, &ages, 500,
                         NOW + 999999 * TRIVET_US_PER_S, &pruned, NULL),
        TRIVET_OK);
    assert_int_equal(pruned.num_sessions, 2);
    assert_agrees(0);

    (void) put_session(4, line.device);
    assert_agrees(1);
    assert_int_equal(trivet_store_reset(store, LATER, NULL), TRIVET_OK);
    assert_agrees(0);
}

/* Columns that no verb of the store changes, changed by hand. */
static void
changes_by_hand_keep_rows_right(void **state)
{
    static const char *const changes[] = {
        "UPDATE session SET digest = x'04', device_id = 2 WHERE id = 1",
        "UPDATE session SET id = 77 WHERE id = 2",
        "UPDATE device SET api_key_id = 1 WHERE id = 2",
        "UPDATE device SET installation_id = 1 WHERE id = 2",
        "UPDATE api_key SET user_id = 2 WHERE id = 1",
        "UPDATE permitted_ip SET api_key_id = 2 WHERE id = 1",
        "UPDATE permitted_ip SET address = zeroblob(16) WHERE id = 2",
        "DELETE FROM permitted_ip WHERE id = 1",
        "UPDATE api_key SET revoked_us = 1 WHERE id = 2",
        "UPDATE api_key SET revoked_us = NULL WHERE id = 2",
        "UPDATE users SET auto_logout_s = auto_logout_s + 1",
        "DELETE FROM users WHERE id = 1",
        "DELETE FROM api_key WHERE id = 1",
        "DELETE FROM device WHERE id = 1",
    };
    struct line line = put_line(1);
    struct line other = put_line(2);

    (void) state;
    sqlite_alone();

    permit(line.api_key, &home);
    permit(other.api_key, &abroad);

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        int64_t num_rows;

        (void) scratch_sql(&scratch, changes[i]);
        if (check(&num_rows).session_id != 0) {
            fail_msg("%s", changes[i]);
        }
    }
}

/* ---- differences -------------------------------------------------------- */

static void
assert_fault(const char *sql, enum trivet_admission_fault fault)
{
    int64_t num_rows;
    struct faults faults;

    (void) scratch_sql(
        &scratch, "CREATE TABLE kept AS SELECT * FROM admission");
    (void) scratch_sql(&scratch, sql);
    faults = check(&num_rows);
    if (faults.num[fault] != 1 || faults.session_id != 1) {
        fail_msg("%s: not found", sql);
    }

    (void) scratch_sql(&scratch, "DELETE FROM admission");
    (void) scratch_sql(&scratch, "INSERT INTO admission SELECT * FROM kept");
    (void) scratch_sql(&scratch, "DROP TABLE kept");
    assert_int_equal(check(&num_rows).session_id, 0);
}

static void
a_planted_difference_is_found(void **state)
{
    static const char *const columns[] = {"session_id = 1, user_id = 9",
        "anchored_us = 9", "timeout_s = 9", "device_id = 9",
        "installation_id = 9", "api_key_id = 9", "allow_all_ips = 1",
        "addresses = x''", "addresses = CAST(addresses || addresses AS BLOB)",
        "addresses = zeroblob(16)"};
    struct line line = put_line(1);
    char sql[256];

    (void) state;

    permit(line.api_key, &home);
    (void) put_line(2);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        (void) snprintf(sql, sizeof sql,
            "UPDATE admission SET %s WHERE session_id = 1", columns[i]);
        assert_fault(sql, TRIVET_ADMISSION_DIFFERS);
    }

    assert_fault(
        "DELETE FROM admission WHERE session_id = 1", TRIVET_ADMISSION_MISSING);
    assert_fault("UPDATE admission SET digest = x'09' WHERE session_id = 1",
        TRIVET_ADMISSION_STALE);
}

/* Without the triggers, as another program might: what ended has a row. */
static void
a_row_of_an_ended_session_is_found(void **state)
{
    struct line line = put_line(1);
    int64_t num_rows;

    (void) state;

    if (scratch.is_postgres) {
        (void) scratch_sql(
            &scratch, "DROP TRIGGER admission_session ON session");
    } else {
        (void) scratch_sql(&scratch, "DROP TRIGGER admission_session_set");
    }
    assert_int_equal(
        trivet_store_session_end(store, line.session, LATER, NULL), TRIVET_OK);
    assert_int_equal(check(&num_rows).num[TRIVET_ADMISSION_STALE], 1);
}

static void
a_session_without_a_row_is_found_by_the_tables(void **state)
{
    struct line line = put_line(1);

    (void) state;

    permit(line.api_key, &home);
    (void) scratch_sql(&scratch, "DELETE FROM admission");
    assert_true(may_pass(1, &home));
    assert_same_answer(1, &home);
    assert_false(may_pass(1, &abroad));
}

/* As an older store's audit log was: one chain, no checkpoints. */
static void
drop_chains(void)
{
    static const char *const changes[] = {"DROP TABLE audit_checkpoint_head",
        "DROP TABLE audit_checkpoint", "DROP TABLE audit_checkpoint_end",
        ("CREATE TABLE old AS SELECT id, at_us, event, actor, address, user_id,"
         " api_key_id, installation_id, device_id, session_id, reason, detail,"
         " hash FROM audit"),
        "DROP TABLE audit", "ALTER TABLE old RENAME TO audit",
        ("CREATE TABLE old AS SELECT 1 AS id, num_rows, last_hash"
         " FROM audit_head"),
        "DROP TABLE audit_head", "ALTER TABLE old RENAME TO audit_head"};

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        (void) scratch_sql(&scratch, changes[i]);
    }
}

/* ---- migration ---------------------------------------------------------- */

/* A store of before: without the table and what keeps it. */
static void
an_older_store_gets_its_rows(void **state)
{
    struct line line = put_line(1);
    struct line other = put_line(2);
    struct line third = put_line(3);
    char drop[128];

    (void) state;

    if (scratch.is_postgres) {
        skip(); /* it was never without them */
    }
    permit(line.api_key, &home);
    assert_int_equal(
        trivet_store_session_end(store, other.session, LATER, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_store_api_key_revoke(store, third.api_key, LATER, NULL),
        TRIVET_OK);
    (void) put_session(4, line.device);
    trivet_store_close(store);

    while (scratch_sql(&scratch, "SELECT COUNT(*) FROM sqlite_master"
                                 " WHERE type = 'trigger'")
           > 0)
    {
        sqlite3 *db;
        sqlite3_stmt *statement;

        assert_int_equal(sqlite3_open(scratch.path, &db), SQLITE_OK);
        assert_int_equal(
            sqlite3_prepare_v2(db,
                "SELECT name FROM sqlite_master WHERE type = 'trigger'", -1,
                &statement, NULL),
            SQLITE_OK);
        assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
        (void) snprintf(drop, sizeof drop, "DROP TRIGGER %s",
            (const char *) sqlite3_column_text(statement, 0));
        (void) sqlite3_finalize(statement);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        (void) scratch_sql(&scratch, drop);
    }
    (void) scratch_sql(&scratch, "DROP VIEW admissible");
    (void) scratch_sql(&scratch, "DROP TABLE admission");
    drop_chains();
    (void) scratch_sql(&scratch, "UPDATE schema_version SET version = 13");

    assert_int_equal(
        trivet_store_open(scratch.url, TRIVET_STORE_MIGRATE, &store, NULL),
        TRIVET_OK);
    assert_agrees(2);
    assert_true(may_pass(1, &home));
    assert_true(may_pass(4, &home));
    allow_all(line.api_key, true);
    assert_agrees(2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sessions_keep_their_rows_right),
        TEST(addresses_keep_rows_right),
        TEST(any_number_of_addresses_is_known),
        TEST(keys_and_users_keep_rows_right),
        TEST(server_keys_and_public_keys_are_not_copied),
        TEST(what_is_removed_has_no_row),
        TEST(changes_by_hand_keep_rows_right),
        TEST(a_planted_difference_is_found),
        TEST(a_row_of_an_ended_session_is_found),
        TEST(a_session_without_a_row_is_found_by_the_tables),
        TEST(an_older_store_gets_its_rows),
    };

    return cmocka_run_group_tests_name("store_admission", tests, NULL, NULL);
}
