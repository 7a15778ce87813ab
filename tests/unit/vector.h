/* SPDX-License-Identifier: Apache-2.0 */
/* vector.h - files of tests/vectors, from the project's root folder */
#ifndef TRIVET_TESTS_VECTOR_H
#define TRIVET_TESTS_VECTOR_H

#include "tests/unit/unit.h"

#include <stdio.h>

#include "base/slice.h"

enum { MAX_VECTOR = 8192 };

struct vector {
    unsigned char bytes[MAX_VECTOR];
    size_t len;
};

static inline struct trivet_slice
vector_slice(const struct vector *vector)
{
    return trivet_slice_make(vector->bytes, vector->len);
}

/* Fails the test when tests/vectors/name cannot be read whole. */
static inline struct vector
vector_read(const char *name)
{
    struct vector vector = {.len = 0};
    char path[256];
    FILE *file;

    (void) snprintf(path, sizeof path, "tests/vectors/%s", name);
    file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("cannot open %s", path);
    } else {
        vector.len = fread(vector.bytes, 1, sizeof vector.bytes, file);
        (void) fclose(file);
    }

    assert_in_range(vector.len, 1, MAX_VECTOR - 1);
    return vector;
}

#endif
