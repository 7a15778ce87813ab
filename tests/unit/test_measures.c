/* SPDX-License-Identifier: Apache-2.0 */
/* test_measures.c - what the metrics ask the authority for */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

static int64_t
count_alive(void)
{
    int64_t num = -1;

    assert_int_equal(
        trivet_authority_count_sessions(world.authority, &num, NULL),
        TRIVET_OK);
    return num;
}

static void
sessions_alive_are_counted(void **state)
{
    (void) state;

    assert_int_equal(count_alive(), 0);
    log_in(&ann);
    log_in(&bob);
    open_session_from(&bob, HOME);
    assert_int_equal(count_alive(), 3);

    (void) operate("UPDATE session SET ended_us = 1 WHERE id = %lld",
        (long long) bob.session_id);
    assert_int_equal(count_alive(), 2);
    (void) operate("UPDATE users SET auto_logout_s = 2 * %d WHERE id = %lld",
        TIMEOUT_S, (long long) ann.user_id);
    world_pass(TIMEOUT_S - 1);
    assert_int_equal(count_alive(), 2);
    world_pass(1);
    assert_int_equal(count_alive(), 1);
    (void) operate("UPDATE session SET timeout_s = 1");
    assert_int_equal(count_alive(), 0);
    (void) operate("UPDATE session SET timeout_s = NULL");
    assert_int_equal(count_alive(), 1);
    (void) operate("UPDATE api_key SET revoked_us = 1");
    assert_int_equal(count_alive(), 0);
}

static void
store_that_is_gone_is_not_ready(void **state)
{
    char elsewhere[MAX_SCRATCH_PATH];
    int64_t num = -1;

    (void) state;
    sqlite_alone();

    assert_int_equal(
        trivet_authority_check_store(world.authority, NULL), TRIVET_OK);
    scratch_name(&world.scratch, "elsewhere", elsewhere);
    assert_int_equal(rename(world.scratch.path, elsewhere), 0);
    assert_int_not_equal(
        trivet_authority_check_store(world.authority, NULL), TRIVET_OK);
    assert_int_not_equal(
        trivet_authority_count_sessions(world.authority, &num, NULL),
        TRIVET_OK);
    assert_int_equal(num, -1);
    assert_int_equal(rename(elsewhere, world.scratch.path), 0);
    assert_int_equal(
        trivet_authority_check_store(world.authority, NULL), TRIVET_OK);
}

static int64_t
ticks(void)
{
    static int64_t now_ns;

    return now_ns += 1000;
}

static void
cryptography_is_measured(void **state)
{
    struct sent sent;
    struct trivet_answer answer;

    (void) state;

    world.config.ticks_ns = ticks;
    world.config.memos = NULL; /* the same request is verified twice */
    log_in(&ann);
    world_restart();
    make_protected(&sent, &ann);

    for (int i = 0; i < 2; i++) {
        answer = ask_admitted(&sent);
        assert_true(answer.measures.has_verified);
        assert_int_equal(answer.measures.verifying_ns, 1000);
        assert_int_equal(answer.measures.had_to_parse_key, i == 0);
        assert_false(answer.measures.has_signed);
        trivet_answer_release(&answer);
    }

    make_session(&sent, &ann, HOME);
    answer = ask_admitted(&sent);
    assert_true(answer.measures.has_signed);
    assert_int_equal(answer.measures.signing_ns, 1000);
    trivet_answer_release(&answer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(sessions_alive_are_counted),
        WORLD_TEST(store_that_is_gone_is_not_ready),
        WORLD_TEST(cryptography_is_measured),
    };

    return cmocka_run_group_tests(tests, world_begin, world_end);
}
