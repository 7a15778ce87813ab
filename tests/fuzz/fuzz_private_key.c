/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_private_key.c - private keys in PEM */
#include "crypto/key.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_PEM = 8192 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct trivet_private_key *key;
    struct trivet_public_key public_key;
    char pem[MAX_PEM];

    if (trivet_private_key_parse(trivet_slice_make(data, len), &key, NULL)
        != TRIVET_OK)
    {
        return 0;
    }

    HOLDS(trivet_private_key_public(key, &public_key) == TRIVET_OK);
    HOLDS(trivet_private_key_to_pem(key, pem, sizeof(pem)) == TRIVET_OK);
    trivet_private_key_free(key);
    return 0;
}
