/* SPDX-License-Identifier: Apache-2.0 */
/* answer_body.h - the exact bytes of an answer */
#ifndef TRIVET_TESTS_ANSWER_BODY_H
#define TRIVET_TESTS_ANSWER_BODY_H

#include "tests/unit/unit.h"

#include <string.h>

#include "base/buffer.h"

/* Compares, and frees the body. */
static inline void
assert_body(struct trivet_buffer body, const char *expected)
{
    assert_non_null(body.data);
    assert_int_equal(body.len, strlen(body.data));
    assert_string_equal(body.data, expected);

    trivet_buffer_free(&body);
    assert_null(body.data);
    assert_int_equal(body.len, 0);
    trivet_buffer_free(&body);
}

#endif
