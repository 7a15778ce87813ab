/* SPDX-License-Identifier: Apache-2.0 */
/* test_sandbox.c - the sandbox's state: the file, the clock, the incidents */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

#include "sandbox/state.h"

/* The form of the file, told a second time. */
enum {
    STATE_SIZE = 64,
    AT_OFFSET = 24,
    AT_LAST_TO_END = 32,
    AT_INCIDENTS = 40,
    AT_SLOW = 44,
    AT_LOST = 48
};

static const int64_t ten_years_us =
    (int64_t) TRIVET_MAX_CLOCK_OFFSET_S * TRIVET_US_PER_S;

static char path[MAX_SCRATCH_PATH];
static struct trivet_sandbox *sandbox;

static int
make_state(void **state)
{
    (void) world_set_up(state);
    scratch_name(&world.scratch, "sandbox.state", path);
    assert_int_equal(trivet_sandbox_create(path, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_sandbox_open(path, true, &sandbox, NULL), TRIVET_OK);
    return 0;
}

static int
remove_state(void **state)
{
    trivet_sandbox_close(sandbox);
    sandbox = NULL;
    return world_tear_down(state);
}

#define STATE_TEST(name)                                                       \
    cmocka_unit_test_setup_teardown(name, make_state, remove_state)

/* Into the file, past everything that could say no. */
static void
spoil(size_t at, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "r+b");

    assert_non_null(file);
    assert_int_equal(fseek(file, (long) at, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void
assert_refused_file(enum trivet_status status, const char *word)
{
    for (int is_to_be_written = 0; is_to_be_written < 2; is_to_be_written++) {
        struct trivet_sandbox *other = NULL;
        struct trivet_error err = {.status = TRIVET_OK};

        assert_int_equal(
            trivet_sandbox_open(path, is_to_be_written != 0, &other, &err),
            status);
        assert_null(other);
        assert_non_null(strstr(err.detail, path));
        if (strstr(err.detail, word) == NULL) {
            fail_msg("%s: not about \"%s\"", err.detail, word);
        }
    }
}

static void
assert_opens(void)
{
    struct trivet_sandbox *other;

    assert_int_equal(trivet_sandbox_open(path, false, &other, NULL), TRIVET_OK);
    trivet_sandbox_close(other);
}

/* ---- the file ----------------------------------------------------------- */

static void
fresh_state_changes_nothing(void **state)
{
    struct stat info;

    (void) state;

    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, STATE_SIZE);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(trivet_sandbox_offset_us(sandbox), 0);
    assert_int_equal(trivet_sandbox_last_session_to_end(sandbox), 0);
    assert_int_equal(trivet_sandbox_slow_s(sandbox), TRIVET_DEFAULT_SLOW_S);
    for (int i = 0; i < TRIVET_NUM_INCIDENTS; i++) {
        assert_false(trivet_sandbox_has(sandbox, (enum trivet_incident) i));
    }
}

static void
making_it_again_leaves_it_as_it_is(void **state)
{
    (void) state;

    assert_int_equal(trivet_sandbox_advance(sandbox, 7, NULL), TRIVET_OK);
    assert_int_equal(trivet_sandbox_create(path, NULL), TRIVET_OK);
    trivet_sandbox_close(sandbox);
    assert_int_equal(
        trivet_sandbox_open(path, true, &sandbox, NULL), TRIVET_OK);
    assert_int_equal(trivet_sandbox_offset_us(sandbox), 7 * TRIVET_US_PER_S);
}

static void
all_who_map_it_see_a_change_at_once(void **state)
{
    struct trivet_sandbox *reader;

    (void) state;

    assert_int_equal(
        trivet_sandbox_open(path, false, &reader, NULL), TRIVET_OK);
    assert_int_equal(trivet_sandbox_advance(sandbox, 60, NULL), TRIVET_OK);
    assert_int_equal(trivet_sandbox_offset_us(reader), 60 * TRIVET_US_PER_S);
    trivet_sandbox_set(sandbox, TRIVET_INCIDENT_SLOW, true);
    trivet_sandbox_set_slow_s(sandbox, 300);
    assert_true(trivet_sandbox_has(reader, TRIVET_INCIDENT_SLOW));
    assert_int_equal(trivet_sandbox_slow_s(reader), 300);
    trivet_sandbox_set(sandbox, TRIVET_INCIDENT_SLOW, false);
    trivet_sandbox_reset_clock(sandbox);
    assert_false(trivet_sandbox_has(reader, TRIVET_INCIDENT_SLOW));
    assert_int_equal(trivet_sandbox_offset_us(reader), 0);
    trivet_sandbox_close(reader);
}

static void
what_is_not_there_is_not_found(void **state)
{
    (void) state;

    assert_int_equal(unlink(path), 0);
    assert_refused_file(TRIVET_E_NOT_FOUND, "No such file");
}

static void
open_permissions_are_refused(void **state)
{
    static const mode_t loose[] = {0640, 0620, 0604, 0602, 0601, 0610, 0777};

    (void) state;

    for (size_t i = 0; i < sizeof loose / sizeof loose[0]; i++) {
        assert_int_equal(chmod(path, loose[i]), 0);
        assert_refused_file(TRIVET_E_USAGE, "chmod 600");
    }
    assert_int_equal(chmod(path, 0600), 0);
    assert_opens();
}

static void
file_of_another_user_is_refused(void **state)
{
    (void) state;

    if (chown(path, 12345, (gid_t) -1) != 0) {
        skip(); /* only root can */
    }
    assert_refused_file(TRIVET_E_USAGE, "another user");
}

static void
what_is_no_plain_file_is_refused(void **state)
{
    char elsewhere[MAX_SCRATCH_PATH];

    (void) state;

    scratch_name(&world.scratch, "elsewhere", elsewhere);
    assert_int_equal(rename(path, elsewhere), 0);
    assert_int_equal(symlink(elsewhere, path), 0);
    assert_refused_file(TRIVET_E_USAGE, "symbolic link");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused_file(TRIVET_E_USAGE, "regular");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused_file(TRIVET_E_USAGE, "regular"); /* and does not hang */
}

static void
other_sizes_are_refused(void **state)
{
    static const off_t sizes[] = {0, 1, 24, 63, 65, 4096, 100000};

    (void) state;

    trivet_sandbox_close(sandbox); /* nobody is to look at what is cut */
    sandbox = NULL;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(truncate(path, sizes[i]), 0);
        assert_refused_file(TRIVET_E_USAGE, "damaged");
    }
}

static void
what_is_cut_short_later_says_nothing(void **state)
{
    static const off_t sizes[] = {0, 10, 63};
    static const uint32_t all = (1u << TRIVET_NUM_INCIDENTS) - 1;

    (void) state;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        spoil(40, &all, sizeof all);
        trivet_sandbox_set_slow_s(sandbox, 9);
        trivet_sandbox_set_last_session_to_end(sandbox, 7);
        trivet_sandbox_reset_clock(sandbox);
        assert_int_equal(trivet_sandbox_advance(sandbox, 60, NULL), TRIVET_OK);
        assert_true(trivet_sandbox_has(sandbox, TRIVET_INCIDENT_SLOW));

        assert_int_equal(truncate(path, sizes[i]), 0);
        assert_int_equal(trivet_sandbox_offset_us(sandbox), 0);
        assert_false(trivet_sandbox_has(sandbox, TRIVET_INCIDENT_SLOW));
        assert_int_equal(trivet_sandbox_slow_s(sandbox), TRIVET_DEFAULT_SLOW_S);
        assert_int_equal(trivet_sandbox_last_session_to_end(sandbox), 0);

        assert_int_equal(truncate(path, 64), 0);
    }
}

static void
foreign_and_damaged_contents_are_refused(void **state)
{
    static const int64_t minus = -1;
    static const int64_t too_far = INT64_C(315360000000001);
    static const int64_t lowest = INT64_MIN;
    static const uint32_t unknown = 1u << TRIVET_NUM_INCIDENTS;
    static const uint32_t all = UINT32_MAX;
    static const uint32_t too_slow = TRIVET_MAX_SLOW_S + 1;
    static const struct {
        size_t at;
        size_t len;
        const void *bytes;
    } faults[] = {
        {0, 1, "T"},
        {21, 1, "2"}, /* another form's number */
        {23, 1, "x"},
        {AT_OFFSET, 8, &minus},
        {AT_OFFSET, 8, &too_far},
        {AT_OFFSET, 8, &lowest},
        {AT_LAST_TO_END, 8, &minus},
        {AT_INCIDENTS, 4, &unknown},
        {AT_INCIDENTS, 4, &all},
        {AT_SLOW, 4, &too_slow},
        {AT_LOST, 8, &minus},
        {AT_LOST + 8, 8, &minus},
    };
    char whole[STATE_SIZE];
    FILE *file = fopen(path, "rb");

    (void) state;

    assert_int_equal(fread(whole, 1, sizeof whole, file), sizeof whole);
    assert_int_equal(fclose(file), 0);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        spoil(faults[i].at, faults[i].bytes, faults[i].len);
        assert_refused_file(TRIVET_E_USAGE, "damaged");
        spoil(0, whole, sizeof whole);
        assert_opens();
    }
    memset(whole, 0, sizeof whole);
    spoil(0, whole, sizeof whole);
    assert_refused_file(TRIVET_E_USAGE, "damaged");
}

/* The file was good when it was opened. */
static void
what_turns_bad_later_stays_within_bounds(void **state)
{
    static const int64_t offsets[] = {INT64_MAX, INT64_MIN, -1};
    static const uint32_t slow = UINT32_MAX;

    (void) state;

    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        spoil(AT_OFFSET, &offsets[i], 8);
        assert_int_equal(trivet_sandbox_offset_us(sandbox),
            offsets[i] < 0 ? 0 : ten_years_us);
    }
    assert_int_equal(trivet_sandbox_advance(sandbox, 5, NULL), TRIVET_OK);
    assert_int_equal(trivet_sandbox_offset_us(sandbox), 5 * TRIVET_US_PER_S);
    spoil(AT_SLOW, &slow, 4);
    assert_int_equal(trivet_sandbox_slow_s(sandbox), TRIVET_MAX_SLOW_S);
}

/* ---- the clock ---------------------------------------------------------- */

static void
spans_add_up_to_ten_years_and_no_further(void **state)
{
    (void) state;

    assert_int_equal(trivet_sandbox_advance(sandbox, 86400, NULL), TRIVET_OK);
    assert_int_equal(trivet_sandbox_advance(sandbox, 0, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_sandbox_advance(sandbox, TRIVET_MAX_CLOCK_OFFSET_S, NULL),
        TRIVET_E_LIMIT);
    assert_int_equal(
        trivet_sandbox_advance(sandbox, INT64_MAX, NULL), TRIVET_E_LIMIT);
    assert_int_equal(trivet_sandbox_advance(sandbox, -1, NULL), TRIVET_E_LIMIT);
    assert_int_equal(
        trivet_sandbox_advance(sandbox, INT64_MIN, NULL), TRIVET_E_LIMIT);
    assert_int_equal(
        trivet_sandbox_offset_us(sandbox), 86400 * TRIVET_US_PER_S);
    assert_int_equal(trivet_sandbox_advance(
                         sandbox, TRIVET_MAX_CLOCK_OFFSET_S - 86400, NULL),
        TRIVET_OK);
    assert_int_equal(trivet_sandbox_offset_us(sandbox), ten_years_us);
    assert_int_equal(trivet_sandbox_advance(sandbox, 1, NULL), TRIVET_E_LIMIT);
    trivet_sandbox_reset_clock(sandbox);
    assert_int_equal(trivet_sandbox_offset_us(sandbox), 0);
}

/* ---- incidents ---------------------------------------------------------- */

static void
incidents_are_switched_one_by_one(void **state)
{
    (void) state;

    for (int i = 0; i < TRIVET_NUM_INCIDENTS; i++) {
        trivet_sandbox_set(sandbox, (enum trivet_incident) i, true);
        for (int j = 0; j < TRIVET_NUM_INCIDENTS; j++) {
            assert_int_equal(
                trivet_sandbox_has(sandbox, (enum trivet_incident) j), i == j);
        }
        trivet_sandbox_set(sandbox, (enum trivet_incident) i, false);
        assert_false(trivet_sandbox_has(sandbox, (enum trivet_incident) i));
    }
}

static void
names_are_found_and_others_are_not(void **state)
{
    static const char *const unknown[] = {
        "", "all", "slo", "slow ", "SLOW", "429", "html-502\n"};
    enum trivet_incident found;

    (void) state;

    for (int i = 0; i < TRIVET_NUM_INCIDENTS; i++) {
        const char *name = trivet_incident_row((enum trivet_incident) i)->name;

        assert_true(trivet_incident_find(trivet_slice_text(name), &found));
        assert_int_equal(found, i);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_false(
            trivet_incident_find(trivet_slice_text(unknown[i]), &found));
    }
}

/* ---- sessions that die -------------------------------------------------- */

static int64_t
last_to_end(void)
{
    return trivet_sandbox_last_session_to_end(sandbox);
}

static void
assert_session_ended(const struct client *client)
{
    struct sent sent;

    make_protected(&sent, client);
    assert_refused(&sent, TRIVET_REASON_SESSION_ENDED, 401,
        "Insufficient authentication.", 0);
}

static int64_t
count_endings(void)
{
    return operate("SELECT COUNT(*) FROM audit WHERE event = 'session-ended'");
}

static void
sessions_to_end_do_at_their_next_use_and_later_ones_live(void **state)
{
    (void) state;

    world.config.last_session_to_end = last_to_end;
    log_in(&ann);
    log_in(&bob);
    trivet_sandbox_set_last_session_to_end(sandbox, ann.session_id);
    assert_works_from(&ann, HOME); /* it is off */

    trivet_sandbox_set(sandbox, TRIVET_INCIDENT_SESSION_DIES, true);
    assert_int_equal(count_endings(), 0);
    assert_session_ended(&ann);
    assert_session_ended(&ann);
    assert_int_equal(count_endings(), 1); /* it dies once */
    assert_int_equal(operate("SELECT ended_us FROM session WHERE id = %lld",
                         (long long) ann.session_id),
        START_US);
    assert_works_from(&bob, HOME); /* opened after it was switched on */
    open_session_from(&ann, HOME);
    assert_works_from(&ann, HOME);
}

static void
look_that_does_not_write_leaves_sessions_to_end_to_others(void **state)
{
    struct sent sent;
    struct trivet_answer answer;

    (void) state;

    world.config.last_session_to_end = last_to_end;
    log_in(&ann);
    make_protected(&sent, &ann);
    assert_true(
        trivet_authority_admit(world.authority, &sent.request, &answer));
    trivet_sandbox_set_last_session_to_end(sandbox, ann.session_id);
    trivet_sandbox_set(sandbox, TRIVET_INCIDENT_SESSION_DIES, true);
    assert_false(
        trivet_authority_admit(world.authority, &sent.request, &answer));
    assert_int_equal(count_endings(), 0);
    assert_session_ended(&ann);
    assert_int_equal(count_endings(), 1);
}

static void
what_has_not_been_used_lives_when_it_is_over(void **state)
{
    (void) state;

    world.config.last_session_to_end = last_to_end;
    log_in(&ann);
    trivet_sandbox_set_last_session_to_end(sandbox, ann.session_id);
    trivet_sandbox_set(sandbox, TRIVET_INCIDENT_SESSION_DIES, true);
    trivet_sandbox_set(sandbox, TRIVET_INCIDENT_SESSION_DIES, false);
    assert_works_from(&ann, HOME);
    assert_int_equal(count_endings(), 0);
}

static void
session_that_is_over_stays_what_it_was(void **state)
{
    struct sent sent;

    (void) state;

    world.config.last_session_to_end = last_to_end;
    log_in(&ann);
    trivet_sandbox_set_last_session_to_end(sandbox, ann.session_id);
    trivet_sandbox_set(sandbox, TRIVET_INCIDENT_SESSION_DIES, true);
    world_pass(TIMEOUT_S);
    make_protected(&sent, &ann);
    assert_refused(&sent, TRIVET_REASON_SESSION_EXPIRED, 401, NULL, 0);
    assert_int_equal(count_endings(), 0);
}

static void
outside_the_sandbox_no_session_dies(void **state)
{
    (void) state;

    log_in(&ann);
    trivet_sandbox_set_last_session_to_end(sandbox, ann.session_id);
    trivet_sandbox_set(sandbox, TRIVET_INCIDENT_SESSION_DIES, true);
    world.config.last_session_to_end = last_to_end;
    world.config.is_sandbox = false;
    assert_works_from(&ann, HOME);
    world.config.is_sandbox = true;
    assert_session_ended(&ann);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        STATE_TEST(fresh_state_changes_nothing),
        STATE_TEST(making_it_again_leaves_it_as_it_is),
        STATE_TEST(all_who_map_it_see_a_change_at_once),
        STATE_TEST(what_is_not_there_is_not_found),
        STATE_TEST(open_permissions_are_refused),
        STATE_TEST(file_of_another_user_is_refused),
        STATE_TEST(what_is_no_plain_file_is_refused),
        STATE_TEST(other_sizes_are_refused),
        STATE_TEST(what_is_cut_short_later_says_nothing),
        STATE_TEST(foreign_and_damaged_contents_are_refused),
        STATE_TEST(what_turns_bad_later_stays_within_bounds),
        STATE_TEST(spans_add_up_to_ten_years_and_no_further),
        STATE_TEST(incidents_are_switched_one_by_one),
        STATE_TEST(names_are_found_and_others_are_not),
        STATE_TEST(sessions_to_end_do_at_their_next_use_and_later_ones_live),
        STATE_TEST(look_that_does_not_write_leaves_sessions_to_end_to_others),
        STATE_TEST(what_has_not_been_used_lives_when_it_is_over),
        STATE_TEST(session_that_is_over_stays_what_it_was),
        STATE_TEST(outside_the_sandbox_no_session_dies),
    };

    return cmocka_run_group_tests(tests, world_begin, world_end);
}
