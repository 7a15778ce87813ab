/* SPDX-License-Identifier: Apache-2.0 */
/* test_template.c - answers from files: templates, paths, what was made */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "sandbox/answers/answers.h"
#include "sandbox/answers/template.h"
#include "sandbox/answers/tree.h"

enum { SEGMENTS = 4 };

/* The text of a template for the path user/12/card/abc, or NULL: refused. */
static char *
render(const char *file, const char *body)
{
    struct trivet_slice segments[SEGMENTS] = {trivet_slice_text("user"),
        trivet_slice_text("12"), trivet_slice_text("card"),
        trivet_slice_text("abc")};
    struct trivet_template_values values = {
        .id = 77, .now_us = 0, .segments = segments, .num_segments = SEGMENTS};
    struct trivet_buffer out = trivet_buffer_make(TRIVET_MAX_RENDERED);
    struct trivet_template_fault fault;
    struct trivet_template *template;
    json_t *root;

    if (trivet_template_parse(
            trivet_slice_text(file), SEGMENTS, &template, &fault)
        != TRIVET_OK)
    {
        assert_true(strlen(fault.text) > 0);
        return NULL;
    }

    root = trivet_json_load(trivet_slice_text(body), 0, NULL);
    values.body = root;
    assert_int_equal(
        trivet_template_render(template, &values, &out), TRIVET_OK);
    json_decref(root);
    trivet_template_free(template);

    root = trivet_json_load(trivet_buffer_slice(&out), 0, NULL);
    assert_non_null(root); /* whatever the values are */
    json_decref(root);

    return out.data;
}

static void
assert_rendered(const char *file, const char *body, const char *expected)
{
    char *text = render(file, body);

    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void
test_values_are_json(void **state)
{
    (void) state;
    assert_rendered(
        "{\"a\":{{id}},\"b\":\"{{id}}\"}", "{}", "{\"a\":77,\"b\":\"77\"}");
    assert_rendered("{\"a\":{{now}},\"b\":\"-{{now}}-\"}", "{}",
        "{\"a\":\"1970-01-01 00:00:00.000000\","
        "\"b\":\"-1970-01-01 00:00:00.000000-\"}");
    assert_rendered("{\"a\":{{path.2}},\"b\":{{path.4}},\"c\":\"{{path.4}}\"}",
        "{}", "{\"a\":12,\"b\":\"abc\",\"c\":\"abc\"}");
    assert_rendered("{\"a\":[{{ body.x.y }},{{body.l.1}}]}",
        "{\"x\":{\"y\":\"q\\\"\"},\"l\":[1,[2]]}", "{\"a\":[\"q\\\"\",[2]]}");
    assert_rendered("{\"a\":\"{{body.x}}\",\"b\":{{body.x}}}",
        "{\"x\":{\"k\":\"\\\\\"}}",
        "{\"a\":\"{\\\"k\\\":\\\"\\\\\\\\\\\"}\",\"b\":{\"k\":\"\\\\\"}}");
    assert_rendered("{\"a\":\"<{{body.x}}>\",\"b\":{{body.x}}}", "{}",
        "{\"a\":\"<>\",\"b\":null}");
    assert_rendered("{\"a\":\"{{body}}\"}", "[1]", "{\"a\":\"[1]\"}");
    assert_rendered("{}", "{}", "{}");
}

static void
test_wrong_templates_are_refused(void **state)
{
    static const char *const wrong[] = {"", "1", "[]", "{", "{\"a\":}",
        "{\"a\":1,\"a\":2}", "{\"a\":{{ids}}}", "{\"a\":{{}}}",
        "{\"a\":\"{{id\"}", "{\"a\":\"{{id}\"}", "{\"a\":{{id\n}}}",
        "{\"a\":{{path.0}}}", "{\"a\":{{path.5}}}", "{\"a\":{{path.x}}}",
        "{\"a\":{{path.-1}}}", "{\"a\":{{path.}}}", "{\"a\":{{body.}}}",
        "{\"a\":{{body.a..b}}}", "{\"a\":{{body.a.}}}", "{\"a\":{{body.a b}}}",
        "{\"a\":{{bodyx}}}", "{\"a\":1{{id}}}", "{\"a\":{{id}}1}",
        "{\"a\":-{{path.2}}}", "{\"a\":{{id}}{{id}}}", "{ {{id}}:1}",
        "{ {{now}}:1}", "{{now}}", "{\"a\":\"\\u{{body.x}}0041\"}",
        "{\"a\":\"\\u0{{body.x}}041\"}", "{\"a\":\"\\{{id}}\"}",
        "{\"a\":\"\xc3{{body.x}}\xa9\"}", "{\"a\":\"\xff\"}", "{\"a\":\"\n\"}"};

    (void) state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *text = render(wrong[i], "{}");

        if (text != NULL) {
            fail_msg("accepted: %s", wrong[i]);
        }
    }
}

static void
test_a_fault_has_its_line(void **state)
{
    struct trivet_template_fault fault;
    struct trivet_template *template;

    (void) state;
    assert_int_equal(trivet_template_parse(
                         trivet_slice_text("{\n\"a\": {{id}},\n\"b\": {{x}}}"),
                         1, &template, &fault),
        TRIVET_E_MALFORMED);
    assert_int_equal(fault.line, 3);
    assert_int_equal(
        trivet_template_parse(trivet_slice_text("{\n\"a\": {{id}},\n\"b\"\n}"),
            1, &template, &fault),
        TRIVET_E_MALFORMED);
    assert_int_equal(fault.line, 4);
}

static void
test_a_text_that_grows_too_much(void **state)
{
    enum { LEN = 60000 };
    static char file[TRIVET_MAX_TEMPLATE];
    struct trivet_buffer out = trivet_buffer_make(1000);
    struct trivet_template_values values = {0};
    struct trivet_template_fault fault;
    struct trivet_template *template;
    char *body = malloc(LEN);

    (void) state;
    assert_non_null(body);
    memset(body, 'a', LEN);
    assert_int_equal(
        trivet_template_parse(
            trivet_slice_text("{\"a\":\"{{body}}\"}"), 1, &template, &fault),
        TRIVET_OK);
    values.body = json_stringn(body, LEN);
    assert_int_equal(
        trivet_template_render(template, &values, &out), TRIVET_E_LIMIT);
    json_decref((json_t *) (uintptr_t) values.body);
    trivet_template_free(template);
    trivet_buffer_free(&out);
    free(body);

    memset(file, ' ', sizeof file);
    memcpy(file, "{}", 2);
    assert_int_equal(trivet_template_parse(trivet_slice_make(file, sizeof file),
                         1, &template, &fault),
        TRIVET_OK);
    trivet_template_free(template);
}

/* ---- paths ------------------------------------------------------------- */

static bool
is_path(const char *text, size_t num)
{
    struct trivet_answer_path path;

    return trivet_answer_path_read(trivet_slice_text(text), &path)
           && path.num == num;
}

static void
test_paths(void **state)
{
    (void) state;
    assert_true(is_path("/v1/user", 1));
    assert_true(is_path("/v1/user/", 1));
    assert_true(is_path("/v1/user/1/card", 3));
    assert_false(is_path("/v1/", 0));
    assert_false(is_path("/v1", 0));
    assert_false(is_path("/v2/user", 1));
    assert_false(is_path("/v1/user//card", 2));
    assert_false(is_path("/v1/user/../card", 3));
    assert_false(is_path("/v1/us er", 1));
    assert_false(is_path("/v1/us\xc3\xa9r", 1));
    assert_false(is_path("/v1/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", 17));
    assert_true(is_path("/v1/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", 16));
}

static const struct trivet_answer_folder *
find(const struct trivet_answer_folder *root, const char *text)
{
    struct trivet_answer_path path;

    assert_true(trivet_answer_path_read(trivet_slice_text(text), &path));

    return trivet_answer_find(root, &path, path.num);
}

static void
test_a_name_wins_over_any_id(void **state)
{
    struct trivet_answer_folder root = {0};
    struct trivet_answer_folder *user = trivet_answer_child(&root, "user");
    struct trivet_answer_folder *any = trivet_answer_child(user, "_");
    struct trivet_answer_folder *seven = trivet_answer_child(user, "7");
    struct trivet_answer_folder *card = trivet_answer_child(any, "card");
    struct trivet_template_fault fault;

    (void) state;
    assert_ptr_equal(trivet_answer_child(&root, "user"), user);
    assert_int_equal(trivet_template_parse(trivet_slice_text("{}"), 2,
                         &seven->answers[TRIVET_ANSWER_GET], &fault),
        TRIVET_OK);
    assert_int_equal(trivet_template_parse(trivet_slice_text("{}"), 3,
                         &card->answers[TRIVET_ANSWER_GET], &fault),
        TRIVET_OK);

    assert_ptr_equal(find(&root, "/v1/user/7"), seven);
    assert_ptr_equal(find(&root, "/v1/user/7/card"), card); /* by way of "_" */
    assert_ptr_equal(find(&root, "/v1/user/8/card"), card);
    assert_ptr_equal(
        find(&root, "/v1/user/4F1a0c9e-1111-4222-8333-444455556666/card"),
        card);
    assert_null(find(&root, "/v1/user/8"));
    assert_null(find(&root, "/v1/user"));
    assert_null(find(&root, "/v1/user/_/card"));
    assert_null(find(&root, "/v1/user/me/card"));
    assert_null(find(&root, "/v1/user/-1/card"));
    assert_null(find(&root, "/v1/user/99999999999999999999/card"));
    trivet_answer_folder_release(&root);
}

/* ---- what was made ----------------------------------------------------- */

static void
test_the_oldest_object_gives_way(void **state)
{
    struct trivet_made *made = calloc(1, trivet_made_size());
    struct trivet_slice path = trivet_slice_text("/v1/a");
    struct trivet_slice text;
    static int64_t ids[TRIVET_MAX_MADE];
    int64_t first = 0;
    static char large[TRIVET_MAX_MADE_TEXT + 1];

    (void) state;
    assert_non_null(made);
    trivet_made_init(made);
    assert_int_equal(trivet_made_list(made, 1, path, ids), 0);

    for (int i = 0; i < TRIVET_MAX_MADE + 1; i++) {
        int64_t id = trivet_made_next_id(made);

        first = i == 0 ? id : first;
        assert_int_equal(id, TRIVET_FIRST_MADE_ID + i);
        assert_true(
            trivet_made_keep(made, 1, path, id, trivet_slice_text("{}")));
    }

    assert_false(trivet_made_find(made, 1, path, first, &text));
    assert_true(trivet_made_find(made, 1, path, first + 1, &text));
    assert_true(trivet_slice_is(text, "{}"));
    assert_false(trivet_made_find(made, 2, path, first + 1, &text));
    assert_false(trivet_made_find(
        made, 1, trivet_slice_text("/v1/b"), first + 1, &text));
    assert_int_equal(trivet_made_list(made, 1, path, ids), TRIVET_MAX_MADE);
    assert_int_equal(trivet_made_list(made, 2, path, ids), 0);

    memset(large, 'a', sizeof large);
    assert_false(trivet_made_keep(
        made, 1, path, 1, trivet_slice_make(large, sizeof large)));
    assert_true(trivet_made_keep(
        made, 1, path, 1, trivet_slice_make(large, sizeof large - 1)));
    assert_false(trivet_made_keep(
        made, 1, trivet_slice_make(large, TRIVET_MAX_MADE_PATH + 1), 1, path));
    free(made);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_json),
        cmocka_unit_test(test_wrong_templates_are_refused),
        cmocka_unit_test(test_a_fault_has_its_line),
        cmocka_unit_test(test_a_text_that_grows_too_much),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_a_name_wins_over_any_id),
        cmocka_unit_test(test_the_oldest_object_gives_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
