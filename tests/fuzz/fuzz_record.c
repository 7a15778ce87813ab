/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_record.c - a context file: what is read is written, and read the same */
#include "client/record.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct trivet_record *first = trivet_record_new();
    struct trivet_record *second = trivet_record_new();
    struct trivet_buffer once = {0};
    struct trivet_buffer twice = {0};

    HOLDS(first != NULL && second != NULL);

    if (trivet_record_parse(trivet_slice_make(data, len), first, NULL)
            == TRIVET_OK
        && trivet_record_format(first, &once, NULL) == TRIVET_OK)
    {
        HOLDS(trivet_record_parse(trivet_buffer_slice(&once), second, NULL)
              == TRIVET_OK);
        HOLDS(trivet_record_format(second, &twice, NULL) == TRIVET_OK);
        HOLDS(trivet_slice_equal(
            trivet_buffer_slice(&once), trivet_buffer_slice(&twice)));
    }

    trivet_buffer_free(&once);
    trivet_buffer_free(&twice);
    trivet_record_free(first);
    trivet_record_free(second);
    return 0;
}
