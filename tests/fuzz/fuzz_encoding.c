/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_encoding.c - base64: each run of bytes has exactly one text */
#include "base/encoding.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_BYTES = 4096 };

static void
decode_and_back(struct trivet_slice text)
{
    static unsigned char bytes[MAX_BYTES];
    static char again[TRIVET_BASE64_LEN(MAX_BYTES)];
    size_t len;

    if (trivet_base64_decode(text, bytes, sizeof(bytes), &len) != TRIVET_OK) {
        return;
    }

    HOLDS(len <= sizeof(bytes));
    HOLDS(
        trivet_base64_encode(trivet_slice_make(bytes, len), again) == text.len);
    HOLDS(text.len == 0 || memcmp(again, text.data, text.len) == 0);
}

static void
encode_and_back(struct trivet_slice bytes)
{
    static char text[TRIVET_BASE64_LEN(MAX_BYTES)];
    static unsigned char again[MAX_BYTES];
    size_t len;
    size_t again_len;

    if (bytes.len > MAX_BYTES) {
        return;
    }

    len = trivet_base64_encode(bytes, text);
    HOLDS(trivet_base64_decode(
              trivet_slice_make(text, len), again, sizeof(again), &again_len)
          == TRIVET_OK);
    HOLDS(trivet_slice_equal(trivet_slice_make(again, again_len), bytes));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    decode_and_back(trivet_slice_make(data, len));
    encode_and_back(trivet_slice_make(data, len));
    return 0;
}
