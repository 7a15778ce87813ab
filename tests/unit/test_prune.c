/* SPDX-License-Identifier: Apache-2.0 */
/* test_prune.c - pruning removes what is over, and nothing that is alive */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/scratch.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#include "base/timestamp.h"
#include "store/group.h"
#include "store/noun/audit.h"
#include "store/noun/device.h"
#include "store/noun/permitted_ip.h"
#include "store/noun/prune.h"
#include "store/noun/session.h"
#include "store/store.h"

#define DAY_US (86400 * TRIVET_US_PER_S)
#define NOW    (1000 * DAY_US)

enum { MANY = 1000000 };

static struct scratch scratch;
static struct trivet_store *store;

static int
set_up(void **state)
{
    (void) state;

    scratch_make(&scratch);
    assert_int_equal(
        trivet_store_open(scratch.url, TRIVET_STORE_MIGRATE, &store, NULL),
        TRIVET_OK);
    (void) scratch_sql(&scratch,
        "INSERT INTO server_key (id, created_us, public_der)"
        " VALUES (1, 0, x'00')");
    (void) scratch_sql(&scratch,
        "INSERT INTO users (id, created_us, updated_us, kind, public_uuid,"
        " display_name, auto_logout_s) VALUES (1, 0, 0, 0, 'u', 'U', 86400)");
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

static void sql(const char *format, ...) TRIVET_PRINTF(1, 2);

static void
sql(const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    (void) vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void) scratch_sql(&scratch, text);
}

static int64_t
number_of(const char *from)
{
    char text[512];

    (void) snprintf(text, sizeof text, "SELECT COUNT(*) FROM %s", from);
    return scratch_sql(&scratch, text);
}

/* ---- rows of a given age, each with a number of its own ------------------ */

static void
put_installation(int id, int64_t made_us)
{
    sql("INSERT INTO installation (id, created_us, public_der, public_text,"
        " address, server_key_id)"
        " VALUES (%d, %lld, x'00', '', zeroblob(16), 1)",
        id, (long long) made_us);
    sql("INSERT INTO installation_token (installation_id, digest)"
        " VALUES (%d, CAST('i%d' AS BLOB))",
        id, id);
}

/* Those from 1 to num, all of them old. */
static void
put_installations(int num)
{
    put_installation(num, num);
    sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < %d) INSERT INTO installation (id, created_us, public_der,"
        " public_text, address, server_key_id)"
        " SELECT i, i, x'00', '', zeroblob(16), 1 FROM n",
        num - 1);
    sql("INSERT INTO installation_token (installation_id, digest)"
        " SELECT id, CAST('i' || id AS BLOB) FROM installation"
        " WHERE id < %d",
        num);
}

static void
put_key(int id, int64_t expires_us, bool is_bound)
{
    sql("INSERT INTO api_key (id, created_us, updated_us, user_id, digest,"
        " label, expires_us, bound_us) VALUES (%d, 0, 0, 1,"
        " CAST('k%d' AS BLOB), '', %lld, %s)",
        id, id, (long long) expires_us, is_bound ? "0" : "NULL");
}

/* A device with a key and an installation of its own number. */
static int64_t
put_device(int id)
{
    struct trivet_new_device made = {
        .installation_id = id, .api_key_id = id, .description = "d"};
    int64_t device;

    put_installation(id, 0);
    put_key(id, 0, true);
    assert_int_equal(
        trivet_store_device_put(store, &made, 0, &device, NULL), TRIVET_OK);
    return device;
}

static void
put_session(int id, int64_t device, int64_t anchored_us, const char *ended)
{
    sql("INSERT INTO session (id, created_us, anchored_us, ended_us, digest,"
        " device_id) VALUES (%d, 0, %lld, %s, CAST('s%d' AS BLOB), %lld)",
        id, (long long) anchored_us, ended, id, (long long) device);
}

static struct trivet_pruned
prune_with(const struct trivet_prune_ages *ages, int64_t max)
{
    struct trivet_pruned pruned;

    assert_int_equal(
        trivet_store_prune(store, ages, max, NOW, &pruned, NULL), TRIVET_OK);
    return pruned;
}

static struct trivet_pruned
prune(void)
{
    return prune_with(&trivet_prune_ages_default, MANY);
}

static bool
is_there(const char *table, int id)
{
    char from[64];

    (void) snprintf(from, sizeof from, "%s WHERE id = %d", table, id);
    return number_of(from) == 1;
}

/* ---- what goes, what stays ----------------------------------------------- */

static void
an_installation_without_a_device_goes_after_a_week(void **state)
{
    struct trivet_pruned pruned;
    (void) state;

    put_installation(1, NOW - 7 * DAY_US - 1);
    put_installation(2, NOW - 7 * DAY_US);
    put_installation(3, NOW);
    put_installation(4, NOW + DAY_US); /* a clock that was put back */
    (void) put_device(5);

    pruned = prune();
    assert_int_equal(pruned.num_installations, 1);
    assert_int_equal(pruned.num_sessions, 0);
    assert_int_equal(pruned.num_api_keys, 0);
    assert_false(is_there("installation", 1));
    assert_int_equal(number_of("installation"), 4);
    assert_int_equal(number_of("installation_token"), 4);
}

static void
an_installation_that_asked_for_a_key_stays_while_the_key_does(void **state)
{
    (void) state;

    put_installation(1, 0);
    put_installation(2, 0);
    put_key(1, NOW, false);
    put_key(2, 0, false);
    sql("UPDATE api_key SET installation_id = id");

    (void) prune();
    assert_true(is_there("installation", 1));
    assert_true(is_there("api_key", 1));
    assert_false(is_there("api_key", 2)); /* and in the same run: */
    assert_false(is_there("installation", 2));
}

static void
a_session_goes_ninety_days_after_its_end(void **state)
{
    const int64_t edge = NOW - 90 * DAY_US;
    char ended[32];
    int64_t device = put_device(1);
    (void) state;

    (void) snprintf(ended, sizeof ended, "%lld", (long long) edge - 1);
    put_session(1, device, NOW, ended);
    (void) snprintf(ended, sizeof ended, "%lld", (long long) edge);
    put_session(2, device, 0, ended);

    /* over by their time: a day of life */
    put_session(3, device, edge - DAY_US - 1, "NULL");
    put_session(4, device, edge - DAY_US, "NULL");
    put_session(5, device, NOW, "NULL");
    /* a life of its own, longer and shorter than the user's */
    put_session(6, device, edge - DAY_US - 1, "NULL");
    put_session(7, device, edge - DAY_US, "NULL");
    sql("UPDATE session SET timeout_s = 86402 WHERE id = 6");
    sql("UPDATE session SET timeout_s = 86399 WHERE id = 7");

    assert_int_equal(prune().num_sessions, 3);
    assert_false(is_there("session", 1));
    assert_true(is_there("session", 2));
    assert_false(is_there("session", 3));
    assert_true(is_there("session", 4));
    assert_true(is_there("session", 5));
    assert_true(is_there("session", 6));
    assert_false(is_there("session", 7));
    assert_true(is_there("device", (int) device));
    assert_true(is_there("installation", 1));
}

static void
a_session_that_may_be_used_stays_whatever_the_age(void **state)
{
    const struct trivet_prune_ages at_once = {0, 0, 0};
    int64_t device = put_device(1);
    (void) state;

    put_session(1, device, NOW - DAY_US + 1, "NULL"); /* its last moment */
    put_session(2, device, NOW - DAY_US - 1, "NULL");
    put_session(3, device, NOW - 3 * DAY_US, "NULL");
    assert_int_equal(
        trivet_store_session_extend(store, 3, NOW - 10, NOW, NULL), TRIVET_OK);

    assert_int_equal(prune_with(&at_once, MANY).num_sessions, 1);
    assert_true(is_there("session", 1));
    assert_false(is_there("session", 2));
    assert_true(is_there("session", 3));
}

static void
an_unbound_key_goes_a_week_after_it_expired(void **state)
{
    struct trivet_address address = {{0}};
    int64_t ip;
    (void) state;

    put_key(1, NOW - 7 * DAY_US - 1, false);
    put_key(2, NOW - 7 * DAY_US, false);
    put_key(3, 0, true);
    assert_int_equal(
        trivet_store_permitted_ip_set(store, 1, &address, true, 0, &ip, NULL),
        TRIVET_OK);

    assert_int_equal(prune().num_api_keys, 1);
    assert_false(is_there("api_key", 1));
    assert_true(is_there("api_key", 2));
    assert_true(is_there("api_key", 3));
    assert_int_equal(number_of("permitted_ip"), 0);
    assert_true(is_there("users", 1));
}

static void
off_keeps_for_ever(void **state)
{
    (void) state;

    put_installation(1, 0);
    put_key(2, 0, false);
    put_session(1, put_device(3), 0, "0");

    assert_true(
        trivet_pruned_is_nothing(&(struct trivet_pruned){.num_sessions = 0}));
    (void) prune_with(&trivet_prune_ages_never, MANY);
    assert_int_equal(number_of("installation"), 2);
    assert_int_equal(number_of("api_key"), 2);
    assert_int_equal(number_of("session"), 1);
}

/* ---- the audit, and bounded work ----------------------------------------- */

static void
ignore_fault(void *user, const struct trivet_audit_fault *fault)
{
    (void) fault;

    ++*(int *) user;
}

static void
assert_audit_is_whole(void)
{
    int num_faults = 0;
    const struct trivet_audit_inquiry inquiry = {
        .on_fault = ignore_fault, .user = &num_faults};
    struct trivet_audit_report report;

    assert_int_equal(
        trivet_store_audit_verify(store, &inquiry, &report, NULL), TRIVET_OK);
    assert_int_equal(num_faults, 0);
}

static void
each_run_that_removed_something_is_one_row(void **state)
{
    (void) state;

    (void) prune();
    assert_int_equal(number_of("audit WHERE event = 'pruned'"), 0);

    put_installation(1, 0);
    put_installation(2, 0);
    put_key(3, 0, false);
    (void) prune();
    assert_int_equal(number_of("audit WHERE event = 'pruned' AND detail ="
                               " '2 installations, 0 sessions, 1 keys'"),
        1);

    (void) prune();
    assert_int_equal(number_of("audit WHERE event = 'pruned'"), 1);
    assert_audit_is_whole();
}

static void
a_run_removes_so_many_and_the_oldest_first(void **state)
{
    int64_t device = put_device(1000);
    (void) state;

    for (int i = 1; i <= 10; i++) {
        put_installation(i, 100 - i);
        put_key(i, 100 - i, false);
        put_session(i, device, 0, i % 2 == 0 ? "1" : "NULL");
    }

    for (int left = 6; left >= 2; left -= 4) {
        struct trivet_pruned pruned = prune_with(&trivet_prune_ages_default, 4);

        assert_int_equal(pruned.num_installations, 4);
        assert_int_equal(pruned.num_sessions, 4);
        assert_int_equal(pruned.num_api_keys, 4);
        assert_int_equal(number_of("installation"), left + 1);
        assert_int_equal(number_of("installation_token"), left + 1);
        assert_int_equal(scratch_sql(&scratch,
                             "SELECT MAX(id) FROM installation WHERE id < 99"),
            left);
        assert_int_equal(
            scratch_sql(&scratch, "SELECT MAX(id) FROM api_key WHERE id < 99"),
            left);
    }
}

static void
counting_removes_nothing(void **state)
{
    struct trivet_pruned found;
    int64_t rows;
    (void) state;

    put_installation(1, 0);
    put_installation(2, NOW);
    put_key(3, 0, false);
    put_session(1, put_device(4), 0, "0");
    put_session(2, 1, 0, "NULL");
    rows = number_of("audit");

    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            (i == 0 ? trivet_store_prune_count : trivet_store_prune_look)(
                store, &trivet_prune_ages_default, NOW, &found, NULL),
            TRIVET_OK);
        assert_int_equal(found.num_installations, 1);
        assert_int_equal(found.num_sessions, 2);
        assert_int_equal(found.num_api_keys, 1);
    }
    assert_int_equal(number_of("installation"), 3);
    assert_int_equal(number_of("audit"), rows);
}

/* ---- beside others ------------------------------------------------------- */

/* Registers devices with old installations while another prunes: each that was
 * acknowledged is there, and who came too late is told so. */
enum { NUM_RACING = 200 };

static struct trivet_group *group;
static atomic_int num_registered;
static bool is_registered[NUM_RACING + 1];

static void *
register_all(void *unused)
{
    (void) unused;

    for (int i = NUM_RACING; i > 0; i--) {
        struct trivet_new_device made = {
            .installation_id = i, .api_key_id = 1, .description = "d"};
        struct trivet_store *shared;
        enum trivet_status status;
        int64_t id;

        if (trivet_group_enter(group, &shared, NULL) != TRIVET_OK) {
            continue;
        }
        status = trivet_store_device_put(shared, &made, NOW, &id, NULL);
        if (trivet_group_leave(group, status, true, NULL) == TRIVET_OK) {
            is_registered[i] = true;
            atomic_fetch_add(&num_registered, 1);
        } else if (status != TRIVET_E_NOT_FOUND) {
            return &group; /* another failure than that */
        }
    }

    return NULL;
}

static void
who_registers_meanwhile_is_in_or_is_told(void **state)
{
    pthread_t thread;
    void *complaint;
    int64_t num_pruned = 0;
    (void) state;
    sqlite_alone();

    put_key(1, NOW, true);
    put_installations(NUM_RACING);

    group = trivet_group_new(scratch.url, NULL);
    assert_non_null(group);
    assert_int_equal(pthread_create(&thread, NULL, register_all, NULL), 0);
    while (num_pruned + atomic_load(&num_registered) < NUM_RACING) {
        num_pruned +=
            prune_with(&trivet_prune_ages_default, 3).num_installations;
    }
    assert_int_equal(pthread_join(thread, &complaint), 0);
    trivet_group_free(group);

    assert_null(complaint);
    assert_int_equal(number_of("installation"), num_registered);
    assert_int_equal(number_of("device"), num_registered);
    for (int i = 1; i <= NUM_RACING; i++) {
        assert_int_equal(is_there("installation", i), is_registered[i]);
    }
    assert_int_equal(number_of("pragma_foreign_key_check"), 0);
    assert_audit_is_whole();
}

/* Killed at any moment: as many are gone as the audit's rows say. */
static void
a_killed_pruning_leaves_no_half_run(void **state)
{
    (void) state;

    put_installations(300);

    for (int round = 1; round <= 10; round++) {
        const struct timespec delay = {.tv_nsec = round * 1000000L};
        pid_t pid = fork();

        if (pid == 0) {
            struct trivet_store *own;
            struct trivet_pruned pruned;

            if (trivet_store_open(
                    scratch.url, TRIVET_STORE_EXISTING, &own, NULL)
                != TRIVET_OK)
            {
                _exit(1);
            }
            while (trivet_store_prune(
                       own, &trivet_prune_ages_default, 2, NOW, &pruned, NULL)
                   == TRIVET_OK)
            {
            }
            _exit(1);
        }

        (void) nanosleep(&delay, NULL);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(
            number_of("installation"), number_of("installation_token"));
        assert_int_equal(300 - number_of("installation"),
            2 * number_of("audit WHERE event = 'pruned'"));
    }
    assert_audit_is_whole();
}

/* ---- ages ---------------------------------------------------------------- */

static void
ages_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {{"7d", 604800}, {"12h", 43200}, {"1d12h", 129600}, {"0s", 0},
        {"90m", 5400}, {"2w", 1209600}, {"3650d", 315360000}, {"off", -1}};
    static const char *const bad[] = {"", "7", "d", "-7d", "7 d", "7D", "1.5h",
        "3651d", "99999999999999999999d", "9223372036854775807w", "7d ", "offf",
        "7y", "+7d"};
    struct trivet_prune_ages ages = trivet_prune_ages_default;
    (void) state;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t age = 12345;

        assert_int_equal(
            trivet_prune_age_parse(trivet_slice_text(good[i].text), &age),
            TRIVET_OK);
        assert_int_equal(age, good[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t age = 12345;

        assert_int_equal(
            trivet_prune_age_parse(trivet_slice_text(bad[i]), &age),
            TRIVET_E_MALFORMED);
        assert_int_equal(age, 12345);
    }

    assert_int_equal(
        trivet_prune_ages_set(&ages, trivet_slice_text("installations=1h")),
        TRIVET_OK);
    assert_int_equal(
        trivet_prune_ages_set(&ages, trivet_slice_text("sessions=off")),
        TRIVET_OK);
    assert_int_equal(
        trivet_prune_ages_set(&ages, trivet_slice_text("api-keys=2d")),
        TRIVET_OK);
    assert_int_equal(ages.installations_s, 3600);
    assert_int_equal(ages.sessions_s, -1);
    assert_int_equal(ages.api_keys_s, 172800);
    assert_int_equal(
        trivet_prune_ages_set(&ages, trivet_slice_text("users=1h")),
        TRIVET_E_NOT_FOUND);
    assert_int_equal(
        trivet_prune_ages_set(&ages, trivet_slice_text("sessions=")),
        TRIVET_E_MALFORMED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_installation_without_a_device_goes_after_a_week),
        TEST(an_installation_that_asked_for_a_key_stays_while_the_key_does),
        TEST(a_session_goes_ninety_days_after_its_end),
        TEST(a_session_that_may_be_used_stays_whatever_the_age),
        TEST(an_unbound_key_goes_a_week_after_it_expired),
        TEST(off_keeps_for_ever),
        TEST(each_run_that_removed_something_is_one_row),
        TEST(a_run_removes_so_many_and_the_oldest_first),
        TEST(counting_removes_nothing),
        TEST(who_registers_meanwhile_is_in_or_is_told),
        TEST(a_killed_pruning_leaves_no_half_run),
        cmocka_unit_test(ages_are_read),
    };

    return cmocka_run_group_tests_name("prune", tests, NULL, NULL);
}
