/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_der.c - public keys as the store has them
 *
 * The short way for the common form must take nothing that OpenSSL's decoder
 * does not take as the same key.
 */
#include "crypto/openssl.h"
#include "tests/fuzz/fuzz.h"

#include <openssl/err.h>
#include <openssl/x509.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct trivet_slice der = trivet_slice_make(data, len);
    EVP_PKEY *ours = trivet_openssl_public_key(der);
    const unsigned char *end = data;
    EVP_PKEY *theirs = NULL;

    if (len > 0 && len <= TRIVET_MAX_PUBLIC_KEY_DER) {
        theirs = d2i_PUBKEY(NULL, &end, (long) len);
    }

    if (ours != NULL) {
        HOLDS(theirs != NULL);
        HOLDS(end == data + len);
        HOLDS(EVP_PKEY_eq(ours, theirs) == 1);
    }

    EVP_PKEY_free(ours);
    EVP_PKEY_free(theirs);
    ERR_clear_error();
    return 0;
}
