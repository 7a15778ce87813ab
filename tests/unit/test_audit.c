/* SPDX-License-Identifier: Apache-2.0 */
/* test_audit.c - the chain: what goes in, and what was done to it is found */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

#include <time.h>

#include "authority/limits/refusals.h"
#include "store/noun/audit.h"
#include "store/noun/server_key.h"
#include "store/noun/session.h"
#include "store/store.h"

enum { MAX_FAULTS = 64 };

static struct trivet_audit_fault faults[MAX_FAULTS];
static size_t num_faults;
static struct trivet_audit_head head; /* of the chain main */
static struct trivet_audit_report report;

static void
keep_fault(void *user, const struct trivet_audit_fault *fault)
{
    (void) user;

    assert_true(num_faults < MAX_FAULTS);
    faults[num_faults++] = *fault;
}

static void
keep_head(
    void *user, const char *chain, const struct trivet_audit_head *its_head)
{
    (void) user;

    if (strcmp(chain, TRIVET_CHAIN_MAIN) == 0) {
        head = *its_head;
    }
}

static size_t
inquire(const struct trivet_audit_note *noted, size_t num_noted,
    const struct trivet_audit_head *checkpoint)
{
    const struct trivet_audit_inquiry inquiry = {.heads = noted,
        .num_heads = num_noted,
        .checkpoint = checkpoint,
        .on_fault = keep_fault,
        .on_chain = keep_head};
    struct trivet_store *store;

    num_faults = 0;
    assert_int_equal(trivet_store_open(world.scratch.url, TRIVET_STORE_EXISTING,
                         &store, NULL),
        TRIVET_OK);
    assert_int_equal(
        trivet_store_audit_verify(store, &inquiry, &report, NULL), TRIVET_OK);
    trivet_store_close(store);
    return num_faults;
}

static size_t
verify_noted(const struct trivet_audit_head *noted)
{
    const struct trivet_audit_note note = {
        .chain = TRIVET_CHAIN_MAIN, .head = *noted};

    return inquire(&note, 1, NULL);
}

static size_t
verify(void)
{
    return inquire(NULL, 0, NULL);
}

static void
assert_fault(
    size_t at, enum trivet_audit_fault_kind kind, int64_t first, int64_t last)
{
    assert_in_range(at + 1, 1, num_faults);
    assert_int_equal(faults[at].kind, kind);
    assert_int_equal(faults[at].first, first);
    assert_int_equal(faults[at].last, last);
}

static int64_t
count(const char *event)
{
    return operate("SELECT COUNT(*) FROM audit WHERE event = '%s'", event);
}

/* ---- what goes in ------------------------------------------------------- */

static void
each_step_is_a_row(void **state)
{
    (void) state;

    log_in(&ann);

    assert_int_equal(count("server-key-added"), 1);
    assert_int_equal(count("user-created"), 1);
    assert_int_equal(count("key-created"), 1);
    assert_int_equal(count("installation-created"), 1);
    assert_int_equal(count("key-bound"), 1);
    assert_int_equal(count("ip-permitted"), 1);
    assert_int_equal(count("device-created"), 1);
    assert_int_equal(count("session-opened"), 1);
    assert_int_equal(operate("SELECT COUNT(*) FROM audit"), 8);
    assert_int_equal(operate("SELECT COUNT(*) FROM audit WHERE address ="
                             " x'00000000000000000000ffffc0000201'"),
        7);
    assert_int_equal(
        operate("SELECT COUNT(*) FROM audit WHERE event = 'ip-permitted'"
                " AND detail = '" HOME "' AND reason = ''"),
        1);
    assert_int_equal(verify(), 0);
    assert_int_equal(head.num_rows, 8);
}

static void
admitted_call_writes_nothing(void **state)
{
    (void) state;

    log_in(&ann);
    assert_works_from(&ann, HOME);
    assert_works_from(&ann, HOME);
    assert_int_equal(operate("SELECT COUNT(*) FROM audit"), 8);
}

static void
extension_and_end_are_rows(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    world_pass(TIMEOUT_S - 100);
    assert_works_from(&ann, HOME);
    assert_works_from(&ann, HOME);
    assert_int_equal(count("session-extended"), 1);

    make_request(&sent, "DELETE", "/v1/session/0", ann.session_token, &ann, "");
    assert_admitted(&sent);
    assert_int_equal(operate("SELECT session_id FROM audit"
                             " WHERE event = 'session-ended'"),
        ann.session_id);
    assert_int_equal(verify(), 0);
}

static void
rows_hold_no_secret(void **state)
{
    const char *secrets[] = {
        ann.api_key, ann.installation_token, ann.session_token};

    (void) state;

    log_in(&ann);
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        assert_int_equal(
            operate("SELECT COUNT(*) FROM audit WHERE instr(event || actor"
                    " || reason || detail, '%.16s')",
                secrets[i]),
            0);
    }
    assert_int_equal(
        operate("SELECT COUNT(*) FROM audit a, session s, api_key k,"
                " installation_token t WHERE a.hash IN (s.digest, k.digest,"
                " t.digest) OR instr(a.detail || a.reason, hex(k.digest))"),
        0);
}

static void
refused_call_leaves_a_row_but_no_change(void **state)
{
    struct sent sent;
    struct client stranger;

    (void) state;

    log_in(&ann);

    stranger = ann;
    (void) memset(stranger.api_key, '0', TRIVET_TOKEN_LEN);
    make_device(&sent, &stranger, NULL, HOME);
    assert_refused(&sent, TRIVET_REASON_KEY_UNKNOWN, 400, NULL, 0);
    make_session(&sent, &ann, ABROAD);
    assert_refused(&sent, TRIVET_REASON_CREDENTIAL_IP, 400, NULL, 0);
    make_protected(&sent, &ann);
    set_address(&sent, ABROAD);
    assert_refused(&sent, TRIVET_REASON_SESSION_IP, 403, NULL, 0);
    make_request(&sent, "GET", "/v1/x", "no token", NULL, "");
    assert_refused(&sent, TRIVET_REASON_TOKEN_UNKNOWN, 401, NULL, NOT_SIGNED);

    assert_int_equal(count("refused"), 4);
    assert_int_equal(operate("SELECT COUNT(*) FROM audit"), 12);
    assert_int_equal(
        operate("SELECT user_id FROM audit WHERE reason = 'ip-not-permitted'"
                " AND session_id = %lld",
            (long long) ann.session_id),
        ann.user_id);
    assert_int_equal(operate("SELECT api_key_id FROM audit"
                             " WHERE reason = 'key-unknown'"),
        0);
    assert_int_equal(verify(), 0);
}

static void
bad_bodies_and_absent_tokens_are_no_credentials(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    make_request(&sent, "POST", "/v1/installation", NULL, NULL, "{");
    assert_refused(&sent, TRIVET_REASON_JSON_INVALID, 400, NULL, NOT_SIGNED);
    make_request(&sent, "GET", "/v1/user", NULL, NULL, "");
    assert_refused(&sent, TRIVET_REASON_TOKEN_MISSING, 401, NULL, NOT_SIGNED);
    assert_int_equal(count("refused"), 0);
}

/* ---- who is refused too fast -------------------------------------------- */

static void
refuse_strangers(int num)
{
    struct sent sent;

    for (int i = 0; i < num; i++) {
        make_request(&sent, "GET", "/v1/x", "no token", NULL, "");
        assert_refused(
            &sent, TRIVET_REASON_TOKEN_UNKNOWN, 401, NULL, NOT_SIGNED);
    }
}

static void
flood_of_strangers_is_counted(void **state)
{
    struct trivet_refusals refusals = {0};
    struct sent sent;

    (void) state;

    world.config.refusals = &refusals;
    log_in(&ann);

    refuse_strangers(500);
    assert_int_equal(count("refused"), 20);
    assert_true(trivet_refusals_has_left_out(&refusals));

    /* Somebody with a key is told all the same, and the count before it. */
    make_protected(&sent, &ann);
    set_address(&sent, ABROAD);
    assert_refused(&sent, TRIVET_REASON_SESSION_IP, 403, NULL, 0);
    assert_int_equal(count("refused"), 21);
    assert_int_equal(
        operate("SELECT COUNT(*) FROM audit WHERE event ="
                " 'refusals-left-out' AND detail = '480 of strangers'"
                " AND address = x'' AND actor = 'gateway'"),
        1);
    assert_false(trivet_refusals_has_left_out(&refusals));

    world_pass(5);
    refuse_strangers(10);
    assert_int_equal(count("refused"), 22);
    trivet_authority_tell_left_out(world.authority);
    assert_int_equal(
        operate("SELECT COUNT(*) FROM audit WHERE detail = '9 of strangers'"),
        1);
    trivet_authority_tell_left_out(world.authority);
    assert_int_equal(count("refusals-left-out"), 2);

    world_pass(86400);
    refuse_strangers(30);
    assert_int_equal(count("refused"), 42);
    assert_int_equal(verify(), 0);
}

static void
clock_that_was_put_back_silences_nobody(void **state)
{
    struct trivet_refusals refusals = {0};

    (void) state;

    world.config.refusals = &refusals;
    refuse_strangers(25);
    world_pass(-86400);
    refuse_strangers(25);
    assert_int_equal(count("refused"), 40);
}

static void
refusal_waits_for_no_writer(void **state)
{
    struct trivet_refusals refusals = {0};
    struct timespec begin;
    struct timespec end;
    sqlite3 *other;

    (void) state;
    sqlite_alone();

    world.config.refusals = &refusals;
    refuse_strangers(1);
    assert_int_equal(sqlite3_open(world.scratch.path, &other), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    (void) clock_gettime(CLOCK_MONOTONIC, &begin);
    refuse_strangers(1);
    (void) clock_gettime(CLOCK_MONOTONIC, &end);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);

    assert_true(end.tv_sec - begin.tv_sec <= 1);
    assert_int_equal(count("refused"), 1);
    refuse_strangers(1);
    assert_int_equal(count("refused"), 2);
    assert_int_equal(
        operate("SELECT COUNT(*) FROM audit WHERE detail = '1 of strangers'"),
        1);
    assert_int_equal(verify(), 0);
}

/* ---- what was done to it ------------------------------------------------ */

static void
changed_column_is_found(void **state)
{
    static const char *const changes[] = {"at_us = at_us + 1",
        "event = 'key-bound'", "event = event || x'00'", "actor = 'operator'",
        "address = x''", "user_id = user_id + 1", "api_key_id = 77",
        "installation_id = 77", "device_id = 77", "session_id = -1",
        "reason = 'none'", "detail = ' '", "reason = detail || 'x'",
        "hash = x''"};

    (void) state;

    log_in(&ann);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        (void) operate("CREATE TABLE kept AS SELECT * FROM audit");
        (void) operate("UPDATE audit SET %s WHERE id = 4", changes[i]);
        if (verify() == 0) {
            fail_msg("%s: not found", changes[i]);
        }
        assert_fault(0, TRIVET_AUDIT_ROW_CHANGED, 4, 4);
        (void) operate("DELETE FROM audit");
        (void) operate("INSERT INTO audit SELECT * FROM kept");
        (void) operate("DROP TABLE kept");
        assert_int_equal(verify(), 0);
    }
}

/* What moves from one column to the next leaves the bytes in a row alike. */
static void
text_that_moves_to_the_next_column_is_found(void **state)
{
    (void) state;

    log_in(&ann);
    (void) operate("UPDATE audit SET reason = detail, detail = ''"
                   " WHERE event = 'ip-permitted'");
    assert_int_equal(verify(), 1);
}

static void
removed_rows_are_found(void **state)
{
    struct trivet_audit_head before;

    (void) state;

    log_in(&ann);
    assert_int_equal(verify(), 0);
    before = head;

    (void) operate("DELETE FROM audit WHERE id IN (3, 4)");
    assert_int_equal(verify(), 1);
    assert_fault(0, TRIVET_AUDIT_ROWS_MISSING, 3, 4);

    (void) operate("DELETE FROM audit WHERE id = 1");
    assert_int_equal(verify(), 2);
    assert_fault(0, TRIVET_AUDIT_ROWS_MISSING, 1, 1);

    (void) operate("DELETE FROM audit WHERE id >= 7");
    assert_int_equal(verify(), 3);
    assert_fault(2, TRIVET_AUDIT_ROWS_MISSING, 7, 8);

    (void) operate("DELETE FROM audit");
    assert_int_equal(verify(), 1);
    assert_fault(0, TRIVET_AUDIT_ROWS_MISSING, 1, 8);

    /* All of it, and the head made to fit: only who noted it can tell. */
    (void) operate(
        "UPDATE audit_head SET num_rows = 0, last_hash = zeroblob(32)");
    assert_int_equal(verify(), 0);
    assert_int_equal(verify_noted(&before), 1);
    assert_fault(0, TRIVET_AUDIT_NOT_AS_NOTED, 8, 8);
}

static void
moved_rows_are_found(void **state)
{
    (void) state;

    log_in(&ann);
    (void) operate("UPDATE audit SET id = -5 WHERE id = 5");
    (void) operate("UPDATE audit SET id = 5 WHERE id = 6");
    (void) operate("UPDATE audit SET id = 6 WHERE id = -5");
    assert_true(verify() >= 2);
    assert_fault(0, TRIVET_AUDIT_ROW_CHANGED, 5, 5);
    assert_fault(1, TRIVET_AUDIT_ROW_CHANGED, 6, 6);
}

static void
added_rows_are_found(void **state)
{
    (void) state;

    log_in(&ann);
    (void) operate("INSERT INTO audit (id, at_us, event, actor, address,"
                   " user_id, api_key_id, installation_id, device_id,"
                   " session_id, reason, detail, hash, chain)"
                   " SELECT 9, at_us, event, actor, address, user_id,"
                   " api_key_id, installation_id, device_id, session_id,"
                   " reason, detail, hash, chain FROM audit WHERE id = 8");
    assert_int_equal(verify(), 1);
    assert_fault(0, TRIVET_AUDIT_ROW_ADDED, 9, 9);
    (void) operate("UPDATE audit SET id = 0 WHERE id = 9");
    assert_int_equal(verify(), 1);
    assert_fault(0, TRIVET_AUDIT_ROW_ADDED, 0, 0);
}

static void
changed_head_is_found(void **state)
{
    (void) state;

    log_in(&ann);
    (void) operate("UPDATE audit_head SET last_hash = zeroblob(32)");
    assert_int_equal(verify(), 1);
    assert_fault(0, TRIVET_AUDIT_HEAD_WRONG, 8, 8);
    (void) operate("UPDATE audit_head SET num_rows = 9");
    assert_int_equal(verify(), 1);
    assert_fault(0, TRIVET_AUDIT_ROWS_MISSING, 9, 9);
    (void) operate("DELETE FROM audit_head");
    assert_true(verify() >= 1);
    assert_fault(num_faults - 1, TRIVET_AUDIT_HEAD_MISSING, 0, 0);
}

/* What is as it was already is not told again: each start asks for it. */
static void
changes_of_server_keys_are_rows(void **state)
{
    static const char *const events[] = {"server-key-moved",
        "server-key-current", "server-key-retired", "server-key-dropped"};
    struct trivet_public_key other = world.server_keys[1].public_key;
    struct trivet_store *store;
    int64_t first;
    int64_t second;

    (void) state;

    log_in(&ann);
    first = operate("SELECT id FROM server_key");
    assert_int_equal(trivet_store_open(world.scratch.url, TRIVET_STORE_EXISTING,
                         &store, NULL),
        TRIVET_OK);
    assert_int_equal(
        trivet_store_server_key_ensure(store, &other, 1, &second, NULL),
        TRIVET_OK);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            trivet_store_server_key_locate(store, second, "x?pin=1", 1, NULL),
            TRIVET_OK);
        assert_int_equal(
            trivet_store_server_key_make_current(store, first, 1, NULL),
            TRIVET_OK);
    }
    assert_int_equal(
        trivet_store_server_key_retire(store, second, 1, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_store_server_key_drop(store, first, 1, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_store_server_key_drop(store, second, 1, NULL), TRIVET_OK);
    trivet_store_close(store);

    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        assert_int_equal(count(events[i]), 1);
        assert_int_equal(operate("SELECT COUNT(*) FROM audit WHERE event = '%s'"
                                 " AND detail = 'key %lld'",
                             events[i], (long long) (i == 1 ? first : second)),
            1);
    }
    assert_int_equal(
        operate("SELECT COUNT(*) FROM audit WHERE instr(detail, 'pin')"), 0);
    assert_int_equal(verify(), 0);
}

/* Without a head nothing can be told, so nothing is changed. */
static void
store_without_a_head_changes_nothing(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    (void) operate("DELETE FROM audit_head");
    make_session(&sent, &ann, HOME);
    assert_refused(&sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, 0);
    assert_int_equal(operate("SELECT COUNT(*) FROM session"), 1);
    assert_works_from(&ann, HOME);
}

static void
noted_head_stays_in_the_chain(void **state)
{
    struct trivet_audit_head noted;

    (void) state;

    log_in(&ann);
    assert_int_equal(verify(), 0);
    noted = head;
    open_session_from(&ann, HOME);
    assert_int_equal(verify_noted(&noted), 0);
    assert_int_equal(head.num_rows, 9);
    noted.hash[0] ^= 1;
    assert_int_equal(verify_noted(&noted), 1);
    assert_fault(0, TRIVET_AUDIT_NOT_AS_NOTED, 8, 8);
}

/* A change that fails in the middle takes its row with it. */
static void
change_that_is_rolled_back_leaves_no_row(void **state)
{
    struct trivet_store *store;
    const struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_SESSION_ENDED};

    (void) state;

    log_in(&ann);
    assert_int_equal(trivet_store_open(world.scratch.url, TRIVET_STORE_EXISTING,
                         &store, NULL),
        TRIVET_OK);
    assert_int_equal(trivet_store_begin(store, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_store_session_end(store, ann.session_id, 1, NULL), TRIVET_OK);
    assert_int_equal(trivet_store_audit_put(store, &entry, 1, NULL), TRIVET_OK);
    trivet_store_rollback(store);
    assert_int_equal(
        trivet_store_session_end(store, 999, 1, NULL), TRIVET_E_NOT_FOUND);
    trivet_store_close(store);
    assert_int_equal(count("session-ended"), 0);
    assert_int_equal(verify(), 0);
    assert_works_from(&ann, HOME);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(each_step_is_a_row),
        WORLD_TEST(admitted_call_writes_nothing),
        WORLD_TEST(extension_and_end_are_rows),
        WORLD_TEST(rows_hold_no_secret),
        WORLD_TEST(refused_call_leaves_a_row_but_no_change),
        WORLD_TEST(bad_bodies_and_absent_tokens_are_no_credentials),
        WORLD_TEST(flood_of_strangers_is_counted),
        WORLD_TEST(clock_that_was_put_back_silences_nobody),
        WORLD_TEST(refusal_waits_for_no_writer),
        WORLD_TEST(changed_column_is_found),
        WORLD_TEST(text_that_moves_to_the_next_column_is_found),
        WORLD_TEST(removed_rows_are_found),
        WORLD_TEST(moved_rows_are_found),
        WORLD_TEST(added_rows_are_found),
        WORLD_TEST(changed_head_is_found),
        WORLD_TEST(changes_of_server_keys_are_rows),
        WORLD_TEST(store_without_a_head_changes_nothing),
        WORLD_TEST(noted_head_stays_in_the_chain),
        WORLD_TEST(change_that_is_rolled_back_leaves_no_row),
    };

    return cmocka_run_group_tests(tests, world_begin, world_end);
}
