/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_pem.c - PEM: the strict form of the strict form is itself */
#include "core/pem.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_PEM = 64 * 1024 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static unsigned char first[MAX_PEM];
    static unsigned char second[MAX_PEM];
    struct trivet_writer once = trivet_writer_make(first, sizeof(first));
    struct trivet_writer twice = trivet_writer_make(second, sizeof(second));

    if (trivet_pem_rewrap(trivet_slice_make(data, len), &once) != TRIVET_OK) {
        return 0;
    }

    HOLDS(!once.overflowed);
    HOLDS(trivet_pem_rewrap(trivet_writer_slice(&once), &twice) == TRIVET_OK);
    HOLDS(trivet_slice_equal(
        trivet_writer_slice(&once), trivet_writer_slice(&twice)));
    return 0;
}
