/* SPDX-License-Identifier: Apache-2.0 */
/* test_store_failure.c - a store that fails, and what is in its files */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

#include <time.h>

static int64_t
count(const char *table)
{
    return operate("SELECT COUNT(*) FROM %s", table);
}

/* ---- a store that fails ------------------------------------------------- */

static void
assert_store_is_down(const struct client *client)
{
    struct sent sent;
    struct trivet_answer answer;

    make_protected(&sent, client);
    assert_refused(
        &sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, NOT_SIGNED);
    answer = ask(&sent);
    assert_int_not_equal(answer.error.status, TRIVET_OK);
    assert_true(answer.error.detail[0] != '\0');
    trivet_answer_release(&answer);
    make_request(&sent, "GET", "/v1/user", client->session_token, client, "");
    assert_refused(
        &sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, NOT_SIGNED);
    make_session(&sent, client, HOME);
    assert_refused(
        &sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, NOT_SIGNED);
    make_request(&sent, "POST", "/v1/sandbox-user-person", NULL, NULL, "");
    assert_refused(
        &sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, NOT_SIGNED);
}

/* Within that much time an exchanged store is noticed. */
enum { LOOK_US = 10000 };

static void
a_store_that_is_gone_refuses_until_it_is_back(void **state)
{
    char away[MAX_SCRATCH_PATH];

    (void) state;
    sqlite_alone();

    log_in(&ann);
    assert_works_from(&ann, HOME);
    scratch_name(&world.scratch, "away", away);
    assert_int_equal(rename(world.scratch.path, away), 0);
    world.now_us += LOOK_US;
    assert_store_is_down(&ann);
    assert_int_not_equal(access(world.scratch.path, F_OK), 0);
    assert_int_equal(rename(away, world.scratch.path), 0);
    assert_works_from(&ann, HOME);
    open_session_from(&ann, HOME);
}

/* What was acknowledged while the store was there is there when it is back:
 * also what SQLite still keeps in the file beside it. */
static void
a_store_exchanged_for_garbage_refuses_until_it_is_back(void **state)
{
    static const size_t lens[] = {0, 1, 15, 100, 512, 4096, 40960};
    unsigned char garbage[40960];
    char away[MAX_SCRATCH_PATH];

    (void) state;
    sqlite_alone();

    memset(garbage, 'x', sizeof garbage);
    scratch_name(&world.scratch, "away", away);
    log_in(&ann);

    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        assert_int_equal(rename(world.scratch.path, away), 0);
        scratch_write(world.scratch.path, garbage, lens[i]);
        world.now_us += LOOK_US;
        assert_store_is_down(&ann);
        assert_int_equal(rename(away, world.scratch.path), 0);
        assert_works_from(&ann, HOME);
        open_session_from(&ann, HOME);
        assert_works_from(&ann, HOME);
    }
}

/* Changes of its own do not give the store another version. */
static void
one_that_answers_too_admits_nobody_who_logged_out(void **state)
{
    struct sent sent;
    struct sent logout;
    struct trivet_answer answer;
    char path[64];

    (void) state;

    log_in(&ann);
    make_protected(&sent, &ann);
    (void) snprintf(
        path, sizeof path, "/v1/session/%lld", (long long) ann.session_id);
    make_request(&logout, "DELETE", path, ann.session_token, &ann, "");

    for (int i = 0; i < 2; i++) {
        assert_true(
            trivet_authority_admit(world.authority, &sent.request, &answer));
    }

    trivet_authority_answer(world.authority, &logout.request, &answer);
    assert_int_equal(answer.status, 200);
    trivet_answer_release(&answer);
    assert_false(
        trivet_authority_admit(world.authority, &sent.request, &answer));
}

static int64_t
milliseconds(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* As by an operator who writes a copy to its place: only those may wait for it
 * whom a thread of their own serves. */
static void
a_store_that_cannot_be_opened_yet_does_not_stop_who_passes(void **state)
{
    struct sent sent;
    struct trivet_answer answer;
    char away[MAX_SCRATCH_PATH];
    char copy[MAX_SCRATCH_PATH];
    sqlite3 *other;
    int64_t begin_ms;

    (void) state;
    sqlite_alone();

    log_in(&ann);
    make_protected(&sent, &ann);
    assert_true(trivet_authority_admit(world.passing, &sent.request, &answer));

    scratch_name(&world.scratch, "away", away);
    scratch_name(&world.scratch, "copy", copy);
    assert_int_equal(sqlite3_open(copy, &other), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(other,
            "CREATE TABLE a (b); BEGIN EXCLUSIVE; INSERT INTO a VALUES (1)",
            NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(rename(world.scratch.path, away), 0);
    assert_int_equal(rename(copy, world.scratch.path), 0);

    world.now_us += LOOK_US;
    begin_ms = milliseconds();
    for (int i = 0; i < 10; i++) {
        assert_false(
            trivet_authority_admit(world.passing, &sent.request, &answer));
    }
    assert_in_range(milliseconds() - begin_ms, 0, 1000);

    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_int_equal(rename(away, world.scratch.path), 0);
    assert_true(trivet_authority_admit(world.passing, &sent.request, &answer));
    assert_works_from(&ann, HOME);
}

static void
an_authority_may_come_before_its_store(void **state)
{
    (void) state;
    sqlite_alone();

    log_in(&ann);
    world_restart();
    assert_int_equal(unlink(world.scratch.path), 0);
    assert_store_is_down(&ann);
    make_store();
    log_in(&ann);
    assert_works_from(&ann, HOME);
}

/* An empty store in its place: nobody is known any more. */
static void
another_store_in_its_place_knows_nobody(void **state)
{
    char away[MAX_SCRATCH_PATH];
    struct sent sent;

    (void) state;
    sqlite_alone();

    log_in(&ann);
    assert_int_equal(operate("PRAGMA wal_checkpoint"), 0);
    scratch_name(&world.scratch, "away", away);
    assert_int_equal(rename(world.scratch.path, away), 0);
    scratch_name(&world.scratch, "trivet.db-wal", away);
    (void) unlink(away);
    scratch_name(&world.scratch, "trivet.db-shm", away);
    (void) unlink(away);
    make_store();

    make_protected(&sent, &ann);
    assert_refused(&sent, TRIVET_REASON_TOKEN_UNKNOWN, 401, NULL, NOT_SIGNED);
    log_in(&ann);
    assert_works_from(&ann, HOME);
}

static void
fail_writes_of(const char *table)
{
    (void) operate("CREATE TRIGGER broken BEFORE INSERT ON %s BEGIN"
                   " SELECT RAISE(ABORT, 'no room'); END",
        table);
}

/* What was half written is taken back: the key is not bound by a device that
 * is not there. */
static void
a_write_that_fails_leaves_nothing(void **state)
{
    struct sent sent;
    char body[MAX_WORLD_BODY];

    (void) state;
    sqlite_alone();

    get_api_key(&ann);
    install_from(&ann, HOME);
    fail_writes_of("device");
    make_device(&sent, &ann, "[\"" ABROAD "\",\"*\"]", HOME);
    assert_refused(&sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, 0);
    assert_int_equal(count("permitted_ip"), 0);
    assert_int_equal(
        operate("SELECT COUNT(*) FROM api_key WHERE bound_us IS NOT NULL"
                " OR allow_all_ips <> 0"),
        0);
    (void) operate("DROP TRIGGER broken");
    assert_admitted(&sent);

    fail_writes_of("installation_token");
    make_installation_body(&bob, body);
    make_request(&sent, "POST", "/v1/installation", NULL, NULL, body);
    assert_refused(
        &sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, NOT_SIGNED);
    assert_int_equal(count("installation"), 1);
    (void) operate("DROP TRIGGER broken");

    fail_writes_of("api_key");
    make_request(&sent, "POST", "/v1/sandbox-user-person", NULL, NULL, "");
    assert_refused(
        &sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, NOT_SIGNED);
    assert_int_equal(count("users"), 1);
}

/* What bunq does: a 503 is not signed, whoever it is for. */
static void
a_failure_is_signed_where_the_profile_says_so(void **state)
{
    struct sent sent;

    (void) state;
    sqlite_alone();

    get_api_key(&ann);
    install_from(&ann, HOME);
    fail_writes_of("device");
    make_device(&sent, &ann, NULL, HOME);
    assert_refused(&sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, 0);
    set_profile(&sent, "reference");
    assert_refused(&sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, 0);
    set_profile(&sent, "current");
    assert_refused(
        &sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, NOT_SIGNED);
    (void) operate("DROP TRIGGER broken");
    set_profile(&sent, "strict");
    assert_admitted(&sent);
}

/* A session that cannot be extended is not admitted as if it had been. */
static void
an_extension_that_fails_refuses(void **state)
{
    struct sent sent;

    (void) state;
    sqlite_alone();

    log_in(&ann);
    (void) operate("CREATE TRIGGER broken BEFORE UPDATE ON session BEGIN"
                   " SELECT RAISE(ABORT, 'no room'); END");
    assert_works_from(&ann, HOME);
    world_pass(TIMEOUT_S - 60);
    make_protected(&sent, &ann);
    assert_refused(&sent, TRIVET_REASON_STORE_UNAVAILABLE, 503, NULL, 0);
}

static void
a_client_key_that_is_none_is_an_inner_error(void **state)
{
    struct sent sent;

    (void) state;

    log_in(&ann);
    (void) operate("UPDATE installation SET public_der = x'3000'");
    make_protected(&sent, &ann);
    assert_refused(&sent, TRIVET_REASON_INTERNAL, 500, NULL, 0);
    (void) operate("UPDATE installation SET public_der = zeroblob(2000)");
    assert_refused(&sent, TRIVET_REASON_INTERNAL, 500, NULL, 0);
    (void) operate("UPDATE installation SET public_der = x''");
    assert_refused(&sent, TRIVET_REASON_INTERNAL, 500, NULL, 0);
}

/* ---- secrets ------------------------------------------------------------ */

static size_t
read_file(const char *name, unsigned char *out, size_t cap)
{
    char path[MAX_SCRATCH_PATH];
    FILE *file;
    size_t len;

    scratch_name(&world.scratch, name, path);
    file = fopen(path, "rb");
    assert_non_null(file);
    len = fread(out, 1, cap, file);
    assert_in_range(len, 1, cap - 1);
    (void) fclose(file);

    return len;
}

static bool
holds(const unsigned char *bytes, size_t len, const void *part, size_t part_len)
{
    for (size_t i = 0; i + part_len <= len; i++) {
        if (memcmp(bytes + i, part, part_len) == 0) {
            return true;
        }
    }

    return false;
}

/* Neither the text, nor half of it, nor the bytes that the digits stand for. */
static void
assert_hidden(const unsigned char *bytes, size_t len, const char *secret)
{
    unsigned char raw[12];

    for (size_t i = 0; i < sizeof raw; i++) {
        unsigned value;

        assert_int_equal(sscanf(secret + 8 + 2 * i, "%2x", &value), 1);
        raw[i] = (unsigned char) value;
    }
    assert_false(holds(bytes, len, secret + 8, 24));
    assert_false(holds(bytes, len, secret + 32, 24));
    assert_false(holds(bytes, len, raw, sizeof raw));
}

static void
nothing_secret_is_in_the_stores_files(void **state)
{
    static const char *const names[] = {"trivet.db", "trivet.db-wal"};
    static unsigned char bytes[1 << 20];
    unsigned char digest[TRIVET_DIGEST_LEN];
    bool is_kept = false;

    (void) state;
    sqlite_alone();

    log_in(&ann);
    assert_int_equal(operate("PRAGMA wal_checkpoint"), 0);
    open_session_from(&ann, HOME);
    assert_int_equal(
        EVP_Digest(ann.session_token, 64, digest, NULL, EVP_sha256(), NULL), 1);

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t len = read_file(names[i], bytes, sizeof bytes);

        assert_hidden(bytes, len, ann.api_key);
        assert_hidden(bytes, len, ann.installation_token);
        assert_hidden(bytes, len, ann.session_token);
        is_kept = is_kept || holds(bytes, len, digest, sizeof digest);
    }
    /* the search finds what is there */
    assert_true(is_kept);
}

/* Refusals tell the caller no more than the table's text. */
static void
a_refusal_repeats_no_secret(void **state)
{
    struct sent sent;
    struct trivet_answer answer;

    (void) state;

    log_in(&ann);
    (void) operate("UPDATE api_key SET revoked_us = 1");
    make_session(&sent, &ann, HOME);
    answer = ask(&sent);
    assert_int_equal(answer.verdict.reason, TRIVET_REASON_KEY_REVOKED);
    assert_null(strstr(answer.body.data, ann.api_key));
    assert_null(strstr(answer.body.data, ann.installation_token));
    assert_string_equal(answer.error.detail, "");
    trivet_answer_release(&answer);
}

/* Twice, so that the event loop has the session at hand; then somebody else
 * changes what was found. ask() compares both ways each time. */
static void
a_session_at_hand_is_looked_up_again_after_any_change(void **state)
{
    static const struct {
        const char *change;
        const char *undo;
    } rows[] = {
        {"UPDATE session SET ended_us = 1",
            "UPDATE session SET ended_us = NULL"},
        {"UPDATE session SET anchored_us = 1",
            "UPDATE session SET anchored_us = 9000000000000000"},
        {"UPDATE session SET timeout_s = 0, anchored_us = 1",
            "UPDATE session SET timeout_s = NULL,"
            " anchored_us = 9000000000000000"},
        {"UPDATE api_key SET revoked_us = 1",
            "UPDATE api_key SET revoked_us = NULL"},
        {"UPDATE permitted_ip SET is_active = 0",
            "UPDATE permitted_ip SET is_active = 1"},
        {"UPDATE server_key SET retired_us = 1",
            "UPDATE server_key SET retired_us = NULL"},
        {"UPDATE installation SET public_der = x'00'", NULL},
    };
    struct sent sent;

    (void) state;

    log_in(&ann);
    make_protected(&sent, &ann);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trivet_answer answer;

        assert_admitted(&sent);
        assert_admitted(&sent);
        (void) operate("%s", rows[i].change);
        answer = ask(&sent);
        assert_denies(&answer);
        trivet_answer_release(&answer);
        if (rows[i].undo != NULL) {
            (void) operate("%s", rows[i].undo);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_session_at_hand_is_looked_up_again_after_any_change),
        WORLD_TEST(a_store_that_is_gone_refuses_until_it_is_back),
        WORLD_TEST(a_store_exchanged_for_garbage_refuses_until_it_is_back),
        WORLD_TEST(a_store_that_cannot_be_opened_yet_does_not_stop_who_passes),
        WORLD_TEST(one_that_answers_too_admits_nobody_who_logged_out),
        WORLD_TEST(an_authority_may_come_before_its_store),
        WORLD_TEST(another_store_in_its_place_knows_nobody),
        WORLD_TEST(a_write_that_fails_leaves_nothing),
        WORLD_TEST(a_failure_is_signed_where_the_profile_says_so),
        WORLD_TEST(an_extension_that_fails_refuses),
        WORLD_TEST(a_client_key_that_is_none_is_an_inner_error),
        WORLD_TEST(nothing_secret_is_in_the_stores_files),
        WORLD_TEST(a_refusal_repeats_no_secret),
    };

    return cmocka_run_group_tests_name(
        "store failure", tests, world_begin, world_end);
}
