/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep_operator.c - the calls of an operator while the n-th allocation, or the
 * n-th use of a file, fails: for each n until none fails any more. Not those
 * that make keys, which takes long.
 *
 * Once and then no more, and from then on for good. Each round has the same
 * store and sandbox. What must hold whatever failed:
 *
 *   - what was answered with 200 is done, and in the store; what was asked for
 * is all there;
 *   - what was refused is not done; only when memory runs out as the answer
 *     is written, nothing is known (of HTTP: 500 without a body), and what is
 *     no single transaction may be done, or begun;
 *   - nothing is changed without a row of the audit log.
 *
 * Leaks and memory faults are for the sanitizers to find.
 */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

#include "authority/operator/answer.h"
#include "sandbox/state.h"
#include "tests/faults/faults.h"

enum { MAX_ROUNDS = 20000, MAX_SEED = 4 << 20, STRIDE = 5 };

/* ---- the place ---------------------------------------------------------- */

/* What each round begins with. */
struct kept {
    char path[MAX_SCRATCH_PATH];
    unsigned char *bytes;
    size_t len;
};

static struct kept store;
static struct kept sandbox;
static struct trivet_operator_config config;

static int64_t
no_offset(void)
{
    return 0;
}

static void
keep(struct kept *file)
{
    FILE *from = fopen(file->path, "rb");

    assert_non_null(from);
    file->bytes = malloc(MAX_SEED);
    assert_non_null(file->bytes);
    file->len = fread(file->bytes, 1, MAX_SEED, from);
    assert_in_range(file->len, 1, MAX_SEED - 1);
    assert_int_equal(fclose(from), 0);
}

static void
put_back(const struct kept *file)
{
    scratch_write(file->path, file->bytes, file->len);
}

static void
remove_log(const char *suffix)
{
    char path[MAX_SCRATCH_PATH + 8];

    (void) snprintf(path, sizeof path, "%s%s", store.path, suffix);
    (void) unlink(path);
}

static void
begin_round(void)
{
    remove_log("-wal");
    remove_log("-shm");
    remove_log("-journal");
    put_back(&store);
    put_back(&sandbox);
}

/* A store in which Ann is logged in, and Bob was. */
static void
make_place(void)
{
    struct sent sent;

    log_in(&ann);
    log_in(&bob);
    make_request(&sent, "DELETE", "/v1/session/0", bob.session_token, &bob, "");
    assert_admitted(&sent);
    world_pass(10);
    trivet_authority_free(world.authority);
    trivet_authority_free(world.passing);
    world.authority = NULL;
    world.passing = NULL;

    (void) snprintf(store.path, sizeof store.path, "%s", world.scratch.path);
    scratch_name(&world.scratch, "sandbox.state", sandbox.path);
    assert_int_equal(trivet_sandbox_create(sandbox.path, NULL), TRIVET_OK);
    keep(&store);
    keep(&sandbox);

    config = (struct trivet_operator_config){
        .store_url = world.scratch.url,
        .place = {.sandbox_path = sandbox.path,
            .session_timeout_s = TIMEOUT_S,
            .key_lifetime_s = KEY_LIFETIME_S},
        .clock_us = world_clock,
        .offset_us = no_offset,
    };
}

/* ---- what is there ------------------------------------------------------ */

struct state {
    uint64_t rows;    /* of all tables but the audit log's and the clock  */
    uint64_t sandbox; /* its file                                         */
    int64_t audited;  /* rows of the log                                  */
};

static uint64_t
mix(uint64_t sum, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ at[i]) * UINT64_C(1099511628211); /* FNV-1a */
    }
    return (sum ^ 0xff) * UINT64_C(1099511628211);
}

static uint64_t
mix_rows(sqlite3 *db, const char *sql, uint64_t sum)
{
    sqlite3_stmt *statement;

    assert_int_equal(
        sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const void *bytes = sqlite3_column_blob(statement, i);

            sum = mix(sum, bytes, (size_t) sqlite3_column_bytes(statement, i));
        }
    }
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    return sum;
}

static uint64_t
mix_tables(void)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    uint64_t sum = UINT64_C(14695981039346656037);

    assert_int_equal(sqlite3_open(store.path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db,
            "SELECT 'SELECT * FROM ' || name FROM sqlite_master WHERE type = "
            "'table' AND name NOT LIKE 'audit%' AND name NOT LIKE 'sqlite%' "
            "AND name NOT IN ('clock', 'change') ORDER BY name",
            -1, &statement, NULL),
        SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        sum =
            mix_rows(db, (const char *) sqlite3_column_text(statement, 0), sum);
    }
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return sum;
}

static struct state
look(void)
{
    struct kept now = sandbox;
    struct state found;

    keep(&now);
    found.sandbox = mix(0, now.bytes, now.len);
    free(now.bytes);
    found.rows = mix_tables();
    found.audited = operate("SELECT COUNT(*) FROM audit");
    return found;
}

static bool
is_same(const struct state *one, const struct state *other)
{
    return one->rows == other->rows && one->sandbox == other->sandbox;
}

/* ---- the calls ---------------------------------------------------------- */

static const struct step {
    const char *method;
    const char *path;
    const char *query;
    const char *body;
    bool is_in_parts; /* no single transaction */
} steps[] = {
    {"GET", "/api/user", "q=a&count=1", "", false},
    {"POST", "/api/user", "", "{\"name\":\"Zoe\"}", false},
    {"PUT", "/api/user/1/auto-logout", "", "{\"auto_logout\":60}", false},
    {"DELETE", "/api/user/1/session", "", "", false},
    {"GET", "/api/key", "", "", false},
    {"POST", "/api/key", "", "{\"user\":\"New\",\"label\":\"till\"}", false},
    {"PUT", "/api/key/1/label", "", "{\"label\":\"shop\"}", false},
    {"PUT", "/api/key/1/allow-all-ips", "", "{\"allow_all_ips\":true}", false},
    {"GET", "/api/key/1/ip", "", "", false},
    {"PUT", "/api/key/1/ip", "", "{\"ip\":\"192.0.2.9\",\"status\":\"ACTIVE\"}",
        false},
    {"DELETE", "/api/key/1", "", "", false},
    {"GET", "/api/device", "", "", false},
    {"GET", "/api/session", "is_active=true", "", false},
    {"DELETE", "/api/session/1", "", "", false},
    {"GET", "/api/server-key", "", "", false},
    {"GET", "/api/server-key/1/use", "", "", false},
    {"POST", "/api/server-key/1/retire", "", "{\"is_forced\":true}", true},
    {"GET", "/api/audit", "count=3", "", false},
    {"GET", "/api/audit/chain", "", "", false},
    {"GET", "/api/audit/verify", "", "", false},
    {"GET", "/api/prune", "sessions=0", "", false},
    {"POST", "/api/prune", "", "{\"sessions\":0,\"api_keys\":0}", true},
    {"GET", "/api/sandbox/clock", "", "", false},
    {"POST", "/api/sandbox/clock", "", "{\"seconds\":60}", false},
    {"PUT", "/api/sandbox/incident/slow", "",
        "{\"state\":\"on\",\"seconds\":9}", false},
    {"POST", "/api/sandbox/user", "", "{\"kind\":\"person\"}", false},
    {"POST", "/api/sandbox/user", "", "{\"kind\":\"api-key\"}", false},
    {"POST", "/api/sandbox/reset", "", "", false},
};

enum { NUM_STEPS = sizeof steps / sizeof steps[0] };

static void
run(const struct step *step, struct trivet_operator_answer *out)
{
    const struct trivet_operator_request request = {
        .method = trivet_slice_text(step->method),
        .path = trivet_slice_text(step->path),
        .query = trivet_slice_text(step->query),
        .body = trivet_slice_text(step->body),
        .operator_name = "ann",
    };
    bool is_path;
    const struct trivet_operator_call *call =
        trivet_operator_find(request.method, request.path, &is_path);

    assert_non_null(call);
    trivet_operator_answer(&config, call, &request, out);
}

/* ---- the sweep ---------------------------------------------------------- */

struct way {
    const char *name;
    enum faults_kind kind;
    bool lasting;
};

static const struct way ways[] = {
    {"one allocation", FAULTS_MEMORY, false},
    {"all allocations from one on", FAULTS_MEMORY, true},
    {"one use of a file", FAULTS_FILES, false},
    {"all uses of files from one on", FAULTS_FILES, true},
};

/* Of a GET, whose answer is the same each time. */
static bool
is_all_there(const struct trivet_operator_answer *answer,
    const struct trivet_buffer *whole)
{
    return answer->body.data == NULL /* HTTP: 500 */
           || trivet_slice_equal(
               trivet_buffer_slice(&answer->body), trivet_buffer_slice(whole));
}

static void
assert_holds(const struct step *step, const struct way *way, long n,
    const struct trivet_operator_answer *answer, const struct state *before,
    const struct trivet_buffer *whole)
{
    bool is_get = strcmp(step->method, "GET") == 0;
    struct state after = look();
    bool is_done = !is_same(before, &after);
    const char *wrong = NULL;

    if (is_done && (is_get || after.audited <= before->audited)) {
        wrong = is_get ? "something was changed" : "no row of the audit log";
    } else if (answer->status == 200 && !is_get && !is_done) {
        wrong = "answered, but not done";
    } else if (answer->status == 200 && is_get && !is_all_there(answer, whole))
    {
        wrong = "something is missing";
    } else if (answer->status != 200 && is_done && !step->is_in_parts) {
        wrong = "refused, but done";
    }

    if (wrong != NULL) {
        fail_msg("%s %s, %s, %ld: %s: %u %.*s", step->method, step->path,
            way->name, n, wrong, answer->status, (int) answer->body.len,
            answer->body.data == NULL ? "" : (const char *) answer->body.data);
    }
}

static void
sweep(const struct step *step, const struct way *way, long stride)
{
    bool has_failed = true;
    struct trivet_operator_answer whole = {.status = 0};
    struct state before;
    long n;

    begin_round();
    run(step, &whole);
    assert_int_equal(whole.status, 200);
    begin_round();
    before = look();
    for (n = 1; has_failed && n < MAX_ROUNDS; n += stride) {
        struct trivet_operator_answer answer = {.status = 0};

        begin_round();
        faults_arm(way->kind, n, way->lasting);
        run(step, &answer);
        has_failed = faults_disarm();
        ERR_clear_error();

        assert_holds(step, way, n, &answer, &before, &whole.body);
        if (!has_failed) {
            assert_int_equal(answer.status, 200);
        }
        trivet_buffer_free(&answer.body);
    }

    trivet_buffer_free(&whole.body);
    assert_in_range(n, 2, MAX_ROUNDS - 1);
    (void) printf(
        "%s %s, %s: %ld\n", step->method, step->path, way->name, n - stride);
}

static void
what_fails_is_done_whole_and_audited_or_not_at_all(void **state)
{
    size_t num_parts = (size_t) faults_number("SWEEP_PARTS", 1);
    size_t part = (size_t) faults_number("SWEEP_PART", 1) - 1;
    long every = faults_number("SWEEP_EVERY", 1);

    (void) state;
    make_place();
    for (size_t i = part; i < NUM_STEPS; i += num_parts) {
        for (size_t k = 0; k < sizeof ways / sizeof ways[0]; k++) {
            sweep(&steps[i], &ways[k], every * (i == 0 ? 1 : STRIDE));
        }
    }
    free(store.bytes);
    free(sandbox.bytes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(what_fails_is_done_whole_and_audited_or_not_at_all),
    };

    faults_install();
    return cmocka_run_group_tests_name(
        "operator sweep", tests, world_begin, world_end);
}
