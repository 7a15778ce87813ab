/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_address.c - addresses: what is read is written so that it is read again
 */
#include "core/address.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct trivet_slice text = trivet_slice_make(data, len);
    struct trivet_permitted permitted = {0};
    struct trivet_address address;
    struct trivet_address again;
    char shown[TRIVET_MAX_ADDRESS_TEXT];
    bool is_address = trivet_address_parse(text, &address) == TRIVET_OK;
    bool is_entry = trivet_permitted_add(&permitted, text) == TRIVET_OK;

    HOLDS(is_entry == (is_address || trivet_slice_is(text, "*")));
    HOLDS(permitted.has_wildcard == trivet_slice_is(text, "*"));

    if (is_address) {
        trivet_address_format(&address, shown);
        HOLDS(trivet_address_parse(trivet_slice_text(shown), &again)
              == TRIVET_OK);
        HOLDS(trivet_address_equal(&address, &again));
        HOLDS(trivet_permitted_has(&permitted, &again));
    }
    return 0;
}
