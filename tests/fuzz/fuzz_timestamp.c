/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_timestamp.c - moments: what is read is written so that it is read again
 */
#include "base/timestamp.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char text[TRIVET_TIMESTAMP_SIZE];
    int64_t at_us;
    int64_t again_us;

    if (trivet_timestamp_parse(trivet_slice_make(data, len), &at_us)
        != TRIVET_OK) {
        return 0;
    }

    trivet_timestamp_format(at_us, text);
    HOLDS(strlen(text) == TRIVET_TIMESTAMP_SIZE - 1);
    HOLDS(trivet_timestamp_parse(trivet_slice_text(text), &again_us)
          == TRIVET_OK);
    HOLDS(at_us == again_us);
    return 0;
}
