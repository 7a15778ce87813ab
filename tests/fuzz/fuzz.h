/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.h - what the fuzz targets share
 *
 * Each target is one file with one entry, which libFuzzer calls with bytes of
 * its own making. The same file is linked with replay.c into a test that
 * reads the target's corpus, so that what was found once stays found.
 *
 * A target aborts when a property does not hold; memory faults are found by
 * the sanitizers.
 */
#ifndef TRIVET_TESTS_FUZZ_H
#define TRIVET_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Unlike assert, it stays in every build. */
#define HOLDS(property)                                                        \
    do {                                                                       \
        if (!(property)) {                                                     \
            (void) fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__,     \
                __LINE__, #property);                                          \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* The first byte of the input, taken off it; 0 when there is none. Targets with
 * several entries choose by it. */
static inline uint8_t
take_byte(struct trivet_slice *input)
{
    uint8_t byte;

    if (input->len == 0) {
        return 0;
    }

    byte = input->data[0];
    *input = trivet_slice_after(*input, 1);
    return byte;
}

/* What stands in front of the first `separator`, taken off the input with it;
 * all of the input when there is none. */
static inline struct trivet_slice
take_until(struct trivet_slice *input, uint8_t separator)
{
    struct trivet_slice taken = *input;
    const unsigned char *end = NULL;

    if (input->len > 0) {
        end = memchr(input->data, separator, input->len);
    }

    if (end == NULL) {
        *input = trivet_slice_make(NULL, 0);
        return taken;
    }

    taken.len = (size_t) (end - input->data);
    *input = trivet_slice_after(*input, taken.len + 1);
    return taken;
}

#endif
