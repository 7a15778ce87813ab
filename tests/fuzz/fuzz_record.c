/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_record.c - a context file: what is read is written, and read the same */
#include "client/record.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct trivet_record *first = trivet_record_new();
    struct trivet_record *second = trivet_record_new();
    struct trivet_request_body once = {0};
    struct trivet_request_body twice = {0};

    HOLDS(first != NULL && second != NULL);

    if (trivet_record_parse(trivet_slice_make(data, len), first, NULL)
            == TRIVET_OK
        && trivet_record_format(first, &once, NULL) == TRIVET_OK)
    {
        HOLDS(trivet_record_parse(
                  trivet_slice_make(once.data, once.len), second, NULL)
              == TRIVET_OK);
        HOLDS(trivet_record_format(second, &twice, NULL) == TRIVET_OK);
        HOLDS(trivet_slice_equal(trivet_slice_make(once.data, once.len),
            trivet_slice_make(twice.data, twice.len)));
    }

    trivet_request_body_release(&once);
    trivet_request_body_release(&twice);
    trivet_record_free(first);
    trivet_record_free(second);
    return 0;
}
