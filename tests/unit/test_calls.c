/* SPDX-License-Identifier: Apache-2.0 */
/* test_calls.c - which call a method and a path are */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "authority/calls.h"

struct row {
    const char *method;
    const char *path;
    long long ids[TRIVET_MAX_PATH_IDS];
    enum trivet_token_rule token;
    enum trivet_signature_rule signature;
    bool is_sandbox_only;
};

#define NO_TOKEN     TRIVET_NEEDS_NO_TOKEN
#define INSTALLATION TRIVET_NEEDS_INSTALLATION
#define SESSION      TRIVET_NEEDS_SESSION
#define EITHER       TRIVET_NEEDS_EITHER
#define NEVER        TRIVET_SIGNED_NEVER
#define BY_PROFILE   TRIVET_SIGNED_BY_PROFILE
#define ALWAYS       TRIVET_SIGNED_ALWAYS
#define MINE         TRIVET_PATH_ID_MINE
#define BIG          "9223372036854775807"

/* The protocol's calls, written down a second time. */
/* clang-format off */
static const struct row rows[] = {
    {"POST", "/v1/installation", {0}, NO_TOKEN, NEVER, false},
    {"GET", "/v1/installation", {0}, SESSION, BY_PROFILE, false},
    {"GET", "/v1/installation/7", {7}, SESSION, BY_PROFILE, false},
    {"GET", "/v1/installation/_", {MINE}, SESSION, BY_PROFILE, false},
    {"GET", "/v1/installation/7/server-public-key", {7}, SESSION, BY_PROFILE,
     false},
    {"GET", "/v1/installation/_/server-public-key", {MINE}, SESSION, BY_PROFILE,
     false},
    {"POST", "/v1/device-server", {0}, INSTALLATION, BY_PROFILE, false},
    {"GET", "/v1/device-server", {0}, EITHER, BY_PROFILE, false},
    {"GET", "/v1/device-server/3", {3}, EITHER, BY_PROFILE, false},
    {"GET", "/v1/device", {0}, SESSION, BY_PROFILE, false},
    {"GET", "/v1/device/3", {3}, SESSION, BY_PROFILE, false},
    {"POST", "/v1/session-server", {0}, INSTALLATION, ALWAYS, false},
    {"DELETE", "/v1/session/0", {0}, SESSION, BY_PROFILE, false},
    {"DELETE", "/v1/session/25536694", {25536694}, SESSION, BY_PROFILE, false},
    {"GET", "/v1/user", {0}, SESSION, BY_PROFILE, false},
    {"GET", "/v1/user/42", {42}, SESSION, BY_PROFILE, false},
    {"GET", "/v1/user/" BIG, {INT64_MAX}, SESSION, BY_PROFILE, false},
    {"GET", "/v1/user-person/42", {42}, SESSION, BY_PROFILE, false},
    {"GET", "/v1/user-company/42", {42}, SESSION, BY_PROFILE, false},
    {"GET", "/v1/user-payment-service-provider/42", {42}, SESSION, BY_PROFILE,
     false},
    {"GET", "/v1/user/4/credential-password-ip", {4}, SESSION, BY_PROFILE,
     false},
    {"GET", "/v1/user/4/credential-password-ip/5", {4, 5}, SESSION, BY_PROFILE,
     false},
    {"GET", "/v1/user/4/credential-password-ip/5/ip", {4, 5}, SESSION,
     BY_PROFILE, false},
    {"POST", "/v1/user/4/credential-password-ip/5/ip", {4, 5}, SESSION,
     BY_PROFILE, false},
    {"GET", "/v1/user/4/credential-password-ip/5/ip/6", {4, 5, 6}, SESSION,
     BY_PROFILE, false},
    {"PUT", "/v1/user/4/credential-password-ip/5/ip/6", {4, 5, 6}, SESSION,
     BY_PROFILE, false},
    {"PUT", "/v1/user/" BIG "/credential-password-ip/" BIG "/ip/" BIG,
     {INT64_MAX, INT64_MAX, INT64_MAX}, SESSION, BY_PROFILE, false},
    {"GET", "/v1/trivet/pins", {0}, EITHER, BY_PROFILE, false},
    {"POST", "/v1/server-error", {0}, SESSION, BY_PROFILE, false},
    {"POST", "/v1/sandbox-user-person", {0}, NO_TOKEN, NEVER, true},
    {"POST", "/v1/sandbox-user-company", {0}, NO_TOKEN, NEVER, true},
    {"POST", "/v1/sandbox-user-api-key", {0}, NO_TOKEN, NEVER, true},
    {"POST", "/v1/sandbox-user", {0}, NO_TOKEN, NEVER, true},
    {"GET", "/v1/user/4/monetary-account", {4}, SESSION, BY_PROFILE, true},
    {"GET", "/v1/user/4/monetary-account/5", {4, 5}, SESSION, BY_PROFILE, true},
    {"GET", "/v1/user/4/monetary-account-bank", {4}, SESSION, BY_PROFILE, true},
    {"GET", "/v1/user/4/monetary-account-bank/5", {4, 5}, SESSION, BY_PROFILE,
     true},
    {"GET", "/v1/user/4/monetary-account-savings", {4}, SESSION, BY_PROFILE,
     true},
};
/* clang-format on */

enum { NUM_ROWS = sizeof rows / sizeof rows[0] };

static enum trivet_call_match
find(const char *method, const char *path, bool is_sandbox,
    struct trivet_call_search *out)
{
    memset(out, 0x5a, sizeof *out);

    return trivet_call_find(
        trivet_slice_text(method), trivet_slice_text(path), is_sandbox, out);
}

static void
assert_none(const char *method, const char *path)
{
    struct trivet_call_search search;

    if (find(method, path, true, &search) != TRIVET_CALL_NONE) {
        fail_msg("taken for a call: %s %s", method, path);
    }
    assert_null(search.call);
    assert_string_equal(search.allow, "");
}

static void
assert_wrong_method(const char *method, const char *path, const char *allow)
{
    struct trivet_call_search search;

    if (find(method, path, true, &search) != TRIVET_CALL_WRONG_METHOD) {
        fail_msg("not a wrong method: %s %s", method, path);
    }
    assert_null(search.call);
    assert_string_equal(search.allow, allow);
}

static void
assert_found(const char *path, const struct row *row)
{
    struct trivet_call_search search;
    struct trivet_rule rule;

    if (find(row->method, path, true, &search) != TRIVET_CALL_FOUND) {
        fail_msg("not found: %s %s", row->method, path);
    }
    rule = trivet_call_rule(search.call);
    assert_int_equal(rule.token, row->token);
    assert_int_equal(rule.signature, row->signature);
    assert_string_equal(search.allow, "");
    for (size_t i = 0; i < TRIVET_MAX_PATH_IDS; i++) {
        assert_int_equal(search.path_ids[i], row->ids[i]);
    }
}

static void
each_call_is_found_with_its_rule(void **state)
{
    (void) state;

    for (size_t i = 0; i < NUM_ROWS; i++) {
        assert_found(rows[i].path, &rows[i]);
    }
}

static void
one_slash_at_the_end_changes_nothing(void **state)
{
    (void) state;

    for (size_t i = 0; i < NUM_ROWS; i++) {
        char path[128];

        (void) snprintf(path, sizeof path, "%s/", rows[i].path);
        assert_found(path, &rows[i]);
    }
}

static void
more_slashes_are_another_path(void **state)
{
    (void) state;

    for (size_t i = 0; i < NUM_ROWS; i++) {
        char path[128];

        (void) snprintf(path, sizeof path, "%s//", rows[i].path);
        assert_none(rows[i].method, path);
        (void) snprintf(path, sizeof path, "%s///", rows[i].path);
        assert_none(rows[i].method, path);
        (void) snprintf(path, sizeof path, "/%s", rows[i].path);
        assert_none(rows[i].method, path);
        (void) snprintf(path, sizeof path, "/v1/%s", rows[i].path + 3);
        assert_none(rows[i].method, path);
    }
    assert_none("GET", "/v1/user//42");
    assert_none("GET", "/v1//user/42");
    assert_none("DELETE", "/v1/session//0");
}

static void
longer_and_shorter_paths_are_no_calls(void **state)
{
    static const char *const others[] = {"", "/", "//", "/v1", "/v1/", "/v",
        "/v2/user", "/V1/user", "v1/user", "user", "/user", "/v1/use",
        "/v1/userx", "/v1/user-person", "/v1/User", "/v1/user%2f", "/v1/user ",
        " /v1/user", "/v1/user?", "/v1/user/42/x", "/v1/user/42/43",
        "/v1/./user", "/v1/../v1/user", "/v1/installationx", "/v1/{id}",
        "/x/v1/user"};

    (void) state;

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_none("GET", others[i]);
    }
    for (size_t i = 0; i < NUM_ROWS; i++) {
        char path[128];

        (void) snprintf(path, sizeof path, "%s/x", rows[i].path);
        assert_none(rows[i].method, path);
        (void) snprintf(path, sizeof path, "%s", rows[i].path);
        path[strlen(path) - 1] = '\x01';
        assert_none(rows[i].method, path);
    }
    assert_none("DELETE", "/v1/session");
    assert_none("DELETE", "/v1/session/");
}

static void
a_nul_does_not_end_a_path(void **state)
{
    static const char path[] = "/v1/user\0";
    struct trivet_call_search search;

    (void) state;

    assert_int_equal(
        trivet_call_find(trivet_slice_text("GET"),
            trivet_slice_make(path, sizeof path - 1), true, &search),
        TRIVET_CALL_NONE);
    assert_int_equal(
        trivet_call_find(trivet_slice_text("GET"),
            trivet_slice_make(path, sizeof path - 2), true, &search),
        TRIVET_CALL_FOUND);
    assert_int_equal(
        trivet_call_find(trivet_slice_make("GET\0", 4),
            trivet_slice_make(path, sizeof path - 2), true, &search),
        TRIVET_CALL_WRONG_METHOD);
    assert_int_equal(trivet_call_find(trivet_slice_text("GET"),
                         trivet_slice_make(NULL, 0), true, &search),
        TRIVET_CALL_NONE);
}

static void
an_id_is_a_number_and_nothing_else(void **state)
{
    static const char *const no_ids[] = {"x", "-1", "+1", "1.0", "1e3", "0x10",
        " 1", "1 ", "1x", "x1", "_", "{id}", "%31", "9223372036854775808",
        "99999999999999999999", "00000000000000000001"};

    (void) state;

    for (size_t i = 0; i < sizeof no_ids / sizeof no_ids[0]; i++) {
        char path[128];

        (void) snprintf(path, sizeof path, "/v1/user/%s", no_ids[i]);
        assert_none("GET", path);
        (void) snprintf(path, sizeof path, "/v1/session/%s/", no_ids[i]);
        assert_none("DELETE", path);
    }
}

static void
only_an_installation_may_be_called_mine(void **state)
{
    (void) state;

    assert_none("GET", "/v1/installation/__");
    assert_none("GET", "/v1/installation/-1");
    assert_none("GET", "/v1/device/_");
    assert_none("GET", "/v1/device-server/_");
    assert_none("DELETE", "/v1/session/_");
    assert_none("GET", "/v1/user-person/_");
    assert_none("GET", "/v1/user/_/credential-password-ip");
    assert_none("GET", "/v1/user/4/credential-password-ip/_");
    assert_none("GET", "/v1/user/4/monetary-account/_");
}

static void
head_is_found_as_get(void **state)
{
    struct trivet_call_search get;
    struct trivet_call_search head;

    (void) state;

    assert_int_equal(find("GET", "/v1/user/7", true, &get), TRIVET_CALL_FOUND);
    assert_int_equal(
        find("HEAD", "/v1/user/7", true, &head), TRIVET_CALL_FOUND);
    assert_ptr_equal(get.call, head.call);
    assert_int_equal(head.path_ids[0], 7);
    assert_int_equal(find("GET", "/v1/user", true, &get), TRIVET_CALL_FOUND);
    assert_int_equal(find("HEAD", "/v1/user", true, &head), TRIVET_CALL_FOUND);
    assert_ptr_equal(get.call, head.call);

    assert_wrong_method("HEAD", "/v1/session-server", "POST");
    assert_wrong_method("HEAD", "/v1/session/0", "DELETE");
}

/* Whether the table above has the method for that path. */
static bool
has_row(const char *method, const char *path)
{
    for (size_t i = 0; i < NUM_ROWS; i++) {
        if (strcmp(rows[i].method, method) == 0
            && strcmp(rows[i].path, path) == 0) {
            return true;
        }
    }

    return false;
}

/* Its methods as an Allow header tells them. */
static const char *
allowed(const char *path)
{
    static const char *const methods[] = {"POST", "GET", "PUT", "DELETE"};
    static char allow[TRIVET_MAX_ALLOW];

    /* of the addresses of a key, the GET stands first */
    if (strstr(path, "/ip") != NULL) {
        return strstr(path, "/ip/") != NULL ? "GET, PUT" : "GET, POST";
    }

    allow[0] = '\0';
    for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++) {
        if (has_row(methods[m], path)) {
            size_t len = strlen(allow);

            (void) snprintf(allow + len, sizeof allow - len, "%s%s",
                len == 0 ? "" : ", ", methods[m]);
        }
    }

    return allow;
}

static void
wrong_methods_are_told_the_right_ones(void **state)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE",
        "PATCH", "OPTIONS", "get", "Post", "", "GETX", "GE", "GET "};

    (void) state;

    for (size_t i = 0; i < NUM_ROWS; i++) {
        const char *path = rows[i].path;

        if (strstr(path, BIG "/") != NULL) {
            continue; /* its GET is not written down above */
        }
        for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++) {
            if (has_row(methods[m], path)) {
                continue;
            }
            if (strstr(path, "/monetary-account") != NULL) {
                /* the sandbox stands in for reading alone */
                assert_none(methods[m], path);
                continue;
            }
            assert_wrong_method(methods[m], path, allowed(path));
        }
    }
    assert_wrong_method("PUT", "/v1/user/", "GET");
}

/* Lists name themselves in their Pagination. */
static void
a_path_is_written_as_it_was_read(void **state)
{
    (void) state;

    for (size_t i = 0; i < NUM_ROWS; i++) {
        struct trivet_call_search search;
        char slashed[TRIVET_MAX_CALL_PATH + 1];
        char path[TRIVET_MAX_CALL_PATH];

        (void) snprintf(slashed, sizeof slashed, "%s/", rows[i].path);
        assert_int_equal(
            find(rows[i].method, slashed, true, &search), TRIVET_CALL_FOUND);
        trivet_call_path(search.call, search.path_ids, path);
        assert_string_equal(path, rows[i].path);
    }
}

static void
outside_the_sandbox_there_are_no_sandbox_calls(void **state)
{
    struct trivet_call_search search;

    (void) state;

    for (size_t i = 0; i < NUM_ROWS; i++) {
        enum trivet_call_match match =
            find(rows[i].method, rows[i].path, false, &search);

        if (rows[i].is_sandbox_only) {
            assert_int_equal(match, TRIVET_CALL_NONE);
            /* nor does an Allow header tell that there could be */
            assert_int_equal(
                find("PATCH", rows[i].path, false, &search), TRIVET_CALL_NONE);
            assert_string_equal(search.allow, "");
        } else {
            assert_int_equal(match, TRIVET_CALL_FOUND);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_is_found_with_its_rule),
        cmocka_unit_test(one_slash_at_the_end_changes_nothing),
        cmocka_unit_test(more_slashes_are_another_path),
        cmocka_unit_test(longer_and_shorter_paths_are_no_calls),
        cmocka_unit_test(a_nul_does_not_end_a_path),
        cmocka_unit_test(an_id_is_a_number_and_nothing_else),
        cmocka_unit_test(only_an_installation_may_be_called_mine),
        cmocka_unit_test(head_is_found_as_get),
        cmocka_unit_test(wrong_methods_are_told_the_right_ones),
        cmocka_unit_test(a_path_is_written_as_it_was_read),
        cmocka_unit_test(outside_the_sandbox_there_are_no_sandbox_calls),
    };

    return cmocka_run_group_tests_name("calls", tests, NULL, NULL);
}
