/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_template.c - a template, then behind a NUL the body of a request: what
 * comes of a template is JSON, whatever the body is; and a path */
#include "core/json.h"
#include "sandbox/answers/template.h"
#include "sandbox/answers/tree.h"
#include "tests/fuzz/fuzz.h"

static void
check_render(const struct trivet_template *template, struct trivet_slice body)
{
    struct trivet_slice segments[] = {
        trivet_slice_text("user"), trivet_slice_text("12")};
    struct trivet_template_values values = {.id = 10000001,
        .now_us = 1700000000000000,
        .segments = segments,
        .num_segments = 2};
    struct trivet_buffer out = trivet_buffer_make(TRIVET_MAX_RENDERED);
    json_t *given = trivet_json_load(body, 0, NULL);
    json_t *root;

    values.body = trivet_template_accepts(given) ? given : NULL;
    if (trivet_template_render(template, &values, &out) == TRIVET_OK) {
        root = trivet_json_load(trivet_buffer_slice(&out), 0, NULL);
        HOLDS(root != NULL);
        json_decref(root);
    }

    json_decref(given);
    trivet_buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct trivet_slice input = trivet_slice_make(data, len);
    struct trivet_slice text = take_until(&input, '\0');
    struct trivet_template_fault fault;
    struct trivet_template *template;
    struct trivet_answer_path path;

    (void) trivet_answer_path_read(text, &path);
    if (trivet_template_parse(text, 2, &template, &fault) == TRIVET_OK) {
        check_render(template, input);
        trivet_template_free(template);
    }

    return 0;
}
