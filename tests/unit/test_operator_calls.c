/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_operator_calls.c - an operator's calls: their table, what they refuse,
 * their pages, and that no change is without a row of the audit log
 */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/scratch.h"

#include <jansson.h>

#include "authority/operator/answer.h"
#include "sandbox/state.h"
#include "store/store.h"

static struct scratch scratch;
static char sandbox_path[MAX_SCRATCH_PATH];
static struct trivet_operator_config config;

static int64_t
clock_us(void)
{
    return INT64_C(1767323045678901);
}

static int64_t
offset_us(void)
{
    return 0;
}

static int
make(void **state)
{
    struct trivet_store *store;
    (void) state;

    scratch_make(&scratch);
    scratch_name(&scratch, "sandbox.state", sandbox_path);
    assert_int_equal(trivet_sandbox_create(sandbox_path, NULL), TRIVET_OK);
    assert_int_equal(
        trivet_store_open(scratch.url, TRIVET_STORE_MIGRATE, &store, NULL),
        TRIVET_OK);
    trivet_store_close(store);

    config = (struct trivet_operator_config){
        .store_url = scratch.url,
        .place = {.sandbox_path = sandbox_path,
            .session_timeout_s = 604800,
            .key_lifetime_s = 3600},
        .clock_us = clock_us,
        .offset_us = offset_us,
    };
    return 0;
}

static int
drop(void **state)
{
    (void) state;
    scratch_remove(&scratch);
    return 0;
}

/* The answer's tree; its status must be as expected. */
static json_t *
ask(const char *method, const char *path, const char *query, const char *body,
    unsigned expected)
{
    struct trivet_operator_answer answer = {.status = 0};
    const struct trivet_operator_request request = {
        .method = trivet_slice_text(method),
        .path = trivet_slice_text(path),
        .query = trivet_slice_text(query),
        .body = trivet_slice_text(body),
        .operator_name = "ann e",
    };
    bool is_path;
    const struct trivet_operator_call *call =
        trivet_operator_find(request.method, request.path, &is_path);
    json_t *root;

    assert_non_null(call);
    trivet_operator_answer(&config, call, &request, &answer);
    if (answer.status != expected) {
        fail_msg("%s %s %s: %u %.*s", method, path, body, answer.status,
            (int) answer.body.len, (const char *) answer.body.data);
    }

    root =
        json_loadb((const char *) answer.body.data, answer.body.len, 0, NULL);
    assert_non_null(root);
    trivet_buffer_free(&answer.body);
    return root;
}

static void
do_it(const char *method, const char *path, const char *body)
{
    json_decref(ask(method, path, "", body, 200));
}

static void
fails(const char *method, const char *path, const char *query, const char *body,
    unsigned status, const char *text)
{
    json_t *root = ask(method, path, query, body, status);
    const char *found = json_string_value(
        json_object_get(json_array_get(json_object_get(root, "Error"), 0),
            "error_description"));

    assert_non_null(found);
    if (strstr(found, text) == NULL) {
        fail_msg("%s: not about %s", found, text);
    }
    json_decref(root);
}

/* The row at index of an answer. */
static const json_t *
row_at(const json_t *root, size_t index, const char *noun)
{
    return json_object_get(
        json_array_get(json_object_get(root, "Response"), index), noun);
}

static int64_t
id_at(const json_t *root, size_t index, const char *noun)
{
    return json_integer_value(json_object_get(row_at(root, index, noun), "id"));
}

static int64_t
num_audited(void)
{
    json_t *root = ask("GET", "/api/audit", "count=1", "", 200);
    int64_t id = id_at(root, 0, "AuditRow");

    json_decref(root);
    return id;
}

/* ---- the table --------------------------------------------------------- */

static void
check_fields(const char *call, const struct trivet_operator_field *fields)
{
    assert_non_null(fields);
    for (; fields->name != NULL; fields++) {
        bool is_word = fields->type == TRIVET_TYPE_WORD;
        bool has_max = fields->type == TRIVET_TYPE_INTEGER
                       || fields->type == TRIVET_TYPE_TEXT;

        if (is_word != (fields->words != NULL)
            || (has_max && fields->max <= fields->min))
        {
            fail_msg("%s: %s", call, fields->name);
        }
    }
}

static void
each_call_is_described(void **state)
{
    (void) state;

    for (const struct trivet_operator_call *call = trivet_operator_calls;
         call->name != NULL; call++)
    {
        bool is_get = strcmp(call->method, "GET") == 0;
        bool is_path;

        check_fields(call->name, call->given);
        check_fields(call->name, call->shown);
        assert_ptr_equal(trivet_operator_call(call->name), call);
        assert_ptr_equal(trivet_operator_find(trivet_slice_text(call->method),
                             trivet_slice_text(call->path), &is_path),
            call);
        if (call->run == NULL) { /* of the console itself */
            continue;
        }
        /* Who looks changes nothing, who changes may. */
        assert_int_equal(
            call->role, is_get ? TRIVET_ROLE_VIEW : TRIVET_ROLE_OPERATE);
    }
}

static void
paths_are_found_as_they_are_written(void **state)
{
    static const char *const wrong[] = {"", "/", "/api", "/api/", "/api/user/",
        "/api/users", "/api/key//ip", "/api/key/1/ip/2", "api/user",
        "/api/user/1/session/", "//api/user"};
    bool is_path;
    (void) state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_null(trivet_operator_find(
            trivet_slice_text("GET"), trivet_slice_text(wrong[i]), &is_path));
        assert_false(is_path);
    }
    assert_null(trivet_operator_find(
        trivet_slice_text("PATCH"), trivet_slice_text("/api/user"), &is_path));
    assert_true(is_path);
}

/* ---- what is refused --------------------------------------------------- */

static void
what_is_given_is_checked(void **state)
{
    (void) state;

    fails("POST", "/api/user", "", "[]", 400, "JSON object");
    fails("POST", "/api/user", "", "{", 400, "JSON object");
    fails("POST", "/api/user", "", "{\"name\":\"a\",\"name\":\"b\"}", 400,
        "JSON object");
    fails("POST", "/api/user", "", "{\"name\":1}", 400, "name");
    fails("POST", "/api/user", "", "{\"name\":\"\"}", 400, "name");
    fails("POST", "/api/user", "", "{\"name\":\"a\\u0000b\"}", 400, "object");
    fails("POST", "/api/user", "", "{\"name\":\"17\"}", 400, "id");
    fails("POST", "/api/user", "", "{\"name\":\"a\",\"kind\":\"psp\"}", 400,
        "kind");
    fails("POST", "/api/user", "", "{\"name\":\"a\",\"more\":1}", 400, "more");
    fails("POST", "/api/user", "x=1", "{\"name\":\"a\"}", 400, "query");
    fails("GET", "/api/user", "", "{}", 400, "body");
    fails("GET", "/api/user", "count=0", "", 400, "count");
    fails("GET", "/api/user", "count=201", "", 400, "count");
    fails("GET", "/api/user", "older_id=1&newer_id=1", "", 400, "exclude");
    fails("GET", "/api/user", "q=%zz", "", 400, "q");
    fails("GET", "/api/user", "q=a&q=b", "", 400, "twice");
    fails("GET", "/api/user", "nonsense=1", "", 400, "nonsense");
    fails("PUT", "/api/user/x/auto-logout", "", "{\"auto_logout\":60}", 400,
        "id");
    fails("PUT", "/api/user/1/auto-logout", "", "{\"auto_logout\":0}", 400,
        "auto_logout");
    fails("PUT", "/api/user/1/auto-logout", "", "{\"id\":2,\"auto_logout\":60}",
        400, "path and in the body");
    fails("PUT", "/api/user/99/auto-logout", "", "{\"auto_logout\":60}", 404,
        "user 99");
    fails("PUT", "/api/key/1/allow-all-ips", "", "{\"allow_all_ips\":1}", 400,
        "allow_all_ips");
    fails("PUT", "/api/key/99/allow-all-ips", "", "{\"allow_all_ips\":true}",
        404, "API key 99");
    fails("PUT", "/api/key/99/ip", "", "{\"ip\":\"x.y\",\"status\":\"ACTIVE\"}",
        400, "ip");
    fails("PUT", "/api/key/99/ip", "",
        "{\"ip\":\"192.0.2.1\",\"status\":\"ACTIVE\"}", 404, "API key 99");
    fails("DELETE", "/api/session/99", "", "", 404, "session 99");
    fails("DELETE", "/api/user/99/session", "", "", 404, "user 99");
    fails("POST", "/api/server-key", "", "{}", 400, "data directory");
    fails("POST", "/api/server-key", "", "{\"location\":\"a;b\"}", 400,
        "location");
    fails("PUT", "/api/sandbox/incident/quake", "", "{\"state\":\"on\"}", 400,
        "quake");
    fails("PUT", "/api/sandbox/incident/all", "", "{\"state\":\"on\"}", 400,
        "off");
}

static void
where_there_is_no_sandbox_it_has_no_calls(void **state)
{
    (void) state;

    config.place.sandbox_path = NULL;
    fails("GET", "/api/sandbox/clock", "", "", 404, "no sandbox");
    fails("POST", "/api/sandbox/reset", "", "", 404, "no sandbox");
    config.place.sandbox_path = sandbox_path;
}

static void
a_store_that_is_gone_is_unavailable(void **state)
{
    (void) state;

    config.store_url = "sqlite:/nowhere/trivet.db";
    json_decref(ask("GET", "/api/user", "", "", 503));
    config.store_url = scratch.url;
}

/* ---- changes ----------------------------------------------------------- */

static void
each_change_has_a_row_with_the_operators_name(void **state)
{
    static const char *const changes[][3] = {
        {"POST", "/api/user", "{\"name\":\"Ann\"}"},
        {"PUT", "/api/user/1/auto-logout", "{\"auto_logout\":60}"},
        {"DELETE", "/api/user/1/session", ""},
        {"POST", "/api/key", "{\"user\":\"Ann\",\"label\":\"till\"}"},
        {"PUT", "/api/key/1/label", "{\"label\":\"shop\"}"},
        {"PUT", "/api/key/1/allow-all-ips", "{\"allow_all_ips\":true}"},
        {"PUT", "/api/key/1/ip",
            "{\"ip\":\"192.0.2.9\",\"status\":\"INACTIVE\"}"},
        {"DELETE", "/api/key/1", ""},
        {"POST", "/api/sandbox/clock", "{\"seconds\":60}"},
        {"DELETE", "/api/sandbox/clock", ""},
        {"PUT", "/api/sandbox/incident/slow",
            "{\"state\":\"on\",\"seconds\":9}"},
        {"POST", "/api/sandbox/user", "{\"kind\":\"person\"}"},
        {"POST", "/api/sandbox/user", "{\"kind\":\"api-key\"}"},
        {"POST", "/api/sandbox/reset", ""},
    };
    int64_t before;
    json_t *root;
    (void) state;

    do_it("POST", "/api/user", "{\"name\":\"Zoe\"}");
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        before = num_audited();
        do_it(changes[i][0], changes[i][1], changes[i][2]);
        if (num_audited() <= before) {
            fail_msg("%s %s: not audited", changes[i][0], changes[i][1]);
        }
        root = ask("GET", "/api/audit", "count=1", "", 200);
        assert_string_equal(json_string_value(json_object_get(
                                row_at(root, 0, "AuditRow"), "actor")),
            "operator:ann_e");
        json_decref(root);
    }
}

/* Nor is there a row of what was not done. */
static void
what_is_refused_is_not_audited(void **state)
{
    int64_t before;
    (void) state;

    do_it("POST", "/api/sandbox/clock", "{\"seconds\":60}");
    before = num_audited();
    fails("POST", "/api/sandbox/clock", "", "{\"seconds\":315360000}", 400,
        "ten years");
    fails("PUT", "/api/sandbox/incident/all", "", "{\"state\":\"on\"}", 400,
        "off");
    assert_int_equal(num_audited(), before);
    do_it("DELETE", "/api/sandbox/clock", "");
}

static void
a_secret_is_shown_once(void **state)
{
    json_t *made = ask("POST", "/api/key", "", "{\"user\":\"Bob\"}", 200);
    const char *secret = json_string_value(
        json_object_get(row_at(made, 0, "NewApiKey"), "secret"));
    json_t *listed = ask("GET", "/api/key", "q=bOB", "", 200);
    char *text = json_dumps(listed, 0);
    (void) state;

    assert_int_equal(strlen(secret), 64);
    assert_int_equal(json_array_size(json_object_get(listed, "Response")), 1);
    assert_null(strstr(text, secret));
    free(text);
    json_decref(listed);
    json_decref(made);
}

/* ---- pages ------------------------------------------------------------- */

static const char *
url_of(const json_t *root, const char *which)
{
    return json_string_value(
        json_object_get(json_object_get(root, "Pagination"), which));
}

/* The page that one of the URLs leads to. */
static json_t *
go_on(json_t *root, const char *which)
{
    const char *url = url_of(root, which);
    const char *query = url == NULL ? NULL : strchr(url, '?');
    json_t *next;

    assert_non_null(query);
    next = ask("GET", "/api/user", query + 1, "", 200);
    json_decref(root);
    return next;
}

static void
pages_lead_to_each_other(void **state)
{
    json_t *page;
    (void) state;

    for (int i = 0; i < 5; i++) {
        do_it("POST", "/api/user", "{\"name\":\"Of a page, 100% & more\"}");
    }
    do_it("POST", "/api/user", "{\"name\":\"Another\"}");

    page = ask("GET", "/api/user", "q=PAGE,%20100%25+%26&count=2", "", 200);
    assert_int_equal(json_array_size(json_object_get(page, "Response")), 2);
    assert_int_equal(id_at(page, 0, "User"), id_at(page, 1, "User") + 1);
    assert_null(url_of(page, "newer_url"));
    assert_non_null(url_of(page, "future_url"));

    page = go_on(go_on(page, "older_url"), "older_url");
    assert_int_equal(json_array_size(json_object_get(page, "Response")), 1);
    assert_null(url_of(page, "older_url"));
    assert_null(url_of(page, "future_url"));

    page = go_on(go_on(page, "newer_url"), "newer_url");
    assert_int_equal(json_array_size(json_object_get(page, "Response")), 2);
    assert_null(url_of(page, "newer_url"));

    page = go_on(page, "future_url");
    assert_int_equal(json_array_size(json_object_get(page, "Response")), 0);
    json_decref(page);
}

static void
signs_of_like_are_looked_for_as_they_are(void **state)
{
    json_t *found = ask("GET", "/api/user", "q=%25", "", 200);
    (void) state;

    assert_int_equal(json_array_size(json_object_get(found, "Response")), 5);
    json_decref(found);
    found = ask("GET", "/api/user", "q=o_h", "", 200);
    assert_int_equal(json_array_size(json_object_get(found, "Response")), 0);
    json_decref(found);
}

/* What could not be made for lack of memory is not taken for nothing given. */
static void
nothing_is_done_without_what_is_given(void **state)
{
    struct trivet_operator_place place = {0};
    struct trivet_error err;
    struct trivet_operation operation = {.place = &place, .err = &err};

    (void) state;
    assert_int_equal(
        trivet_operator_run(trivet_operator_call("prune.run"), &operation),
        TRIVET_E_MEMORY);
    assert_null(operation.rows);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_is_described),
        cmocka_unit_test(paths_are_found_as_they_are_written),
        cmocka_unit_test(what_is_given_is_checked),
        cmocka_unit_test(nothing_is_done_without_what_is_given),
        cmocka_unit_test(where_there_is_no_sandbox_it_has_no_calls),
        cmocka_unit_test(a_store_that_is_gone_is_unavailable),
        cmocka_unit_test(each_change_has_a_row_with_the_operators_name),
        cmocka_unit_test(what_is_refused_is_not_audited),
        cmocka_unit_test(a_secret_is_shown_once),
        cmocka_unit_test(pages_lead_to_each_other),
        cmocka_unit_test(signs_of_like_are_looked_for_as_they_are),
    };

    return cmocka_run_group_tests_name("operator calls", tests, make, drop);
}
