/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies and paths without their secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/json.h"
#include "core/json_tree.h"
#include "sidecar/secrets_cut.h"

static void
expect_json(const char *text, const char *cut, bool has_secrets)
{
    json_t *root = trivet_json_load(trivet_slice_text(text), 0, NULL);
    bool had_any = false;
    struct trivet_buffer written;

    assert_non_null(root);
    assert_int_equal(trivet_secrets_cut_json(root, &had_any), TRIVET_OK);
    assert_int_equal(had_any, has_secrets);
    written = trivet_json_write(root, JSON_COMPACT, 1);
    assert_string_equal(written.data, cut);

    trivet_buffer_free(&written);
    json_decref(root);
}

static void
members_with_such_names_are_cut(void **state)
{
    (void) state;

    expect_json("{\"token\":\"x\"}", "{\"token\":\"[left out]\"}", true);
    expect_json("{\"API_Key\":7}", "{\"API_Key\":\"[left out]\"}", true);
    expect_json("[{\"a\":[{\"secret\":\"x\",\"b\":1}]}]",
        "[{\"a\":[{\"secret\":\"[left out]\",\"b\":1}]}]", true);
}

static void
what_only_looks_like_one_stays(void **state)
{
    (void) state;

    expect_json("{\"tokens\":\"x\"}", "{\"tokens\":\"x\"}", false);
    expect_json("{\"a\":\"token\"}", "{\"a\":\"token\"}", false);
    expect_json("{\"token\":null}", "{\"token\":null}", false);
    expect_json("[]", "[]", false);
}

static void
what_is_inside_a_member_of_such_a_name_is_looked_at(void **state)
{
    (void) state;

    expect_json("{\"Token\":{\"id\":1,\"token\":\"x\"}}",
        "{\"Token\":{\"id\":1,\"token\":\"[left out]\"}}", true);
}

static void
expect_path(const char *path, const char *cut)
{
    struct trivet_buffer out = trivet_secrets_cut_path(path);

    assert_non_null(out.data);
    assert_string_equal(out.data, cut);
    trivet_buffer_free(&out);
}

static void
parameters_with_such_names_are_cut(void **state)
{
    (void) state;

    expect_path("/v1/user?token=x&a=b", "/v1/user?token=[left out]&a=b");
    expect_path("/v1/user?a=b&SECRET=x", "/v1/user?a=b&SECRET=[left out]");
    expect_path("/v1/x?token=", "/v1/x?token=[left out]");
    expect_path("/v1/x?token", "/v1/x?token");
    expect_path("/v1/token=x", "/v1/token=x");
    expect_path("/v1/x?&&a&=b&", "/v1/x?&&a&=b&");
    expect_path("/v1/x?", "/v1/x?");
    expect_path("/v1/x?a?token=x", "/v1/x?a?token=x");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_with_such_names_are_cut),
        cmocka_unit_test(what_only_looks_like_one_stays),
        cmocka_unit_test(what_is_inside_a_member_of_such_a_name_is_looked_at),
        cmocka_unit_test(parameters_with_such_names_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
