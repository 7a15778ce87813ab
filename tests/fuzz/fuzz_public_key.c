/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_public_key.c - a client's public key, and keys in any PEM */
#include "crypto/examine.h"
#include "crypto/key.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_PEM = 4096 };

/* What was taken is written, and taken again. */
static void
check_key(const struct trivet_public_key *key)
{
    struct trivet_public_key again;
    char pem[MAX_PEM];

    HOLDS(key->der_len <= sizeof(key->der));
    HOLDS(trivet_public_key_to_pem(key, pem, sizeof(pem)) == TRIVET_OK);
    HOLDS(trivet_public_key_parse(trivet_slice_text(pem), &again, NULL)
          == TRIVET_OK);
    HOLDS(trivet_slice_equal(trivet_slice_make(key->der, key->der_len),
        trivet_slice_make(again.der, again.der_len)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct trivet_slice text = trivet_slice_make(data, len);
    struct trivet_public_key key;

    if (trivet_public_key_parse(text, &key, NULL) == TRIVET_OK) {
        check_key(&key);
    }
    if (trivet_public_key_from_any(text, &key, NULL) == TRIVET_OK) {
        HOLDS(key.der_len <= sizeof(key.der));
    }
    return 0;
}
