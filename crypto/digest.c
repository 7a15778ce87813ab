/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - SHA-256, and random bytes */
#include "crypto/digest.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <limits.h>
#include <stdlib.h>

#include "base/encoding.h"

struct trivet_digest {
    EVP_MD *algorithm;
    EVP_MD_CTX *context;
    bool has_failed;
};

struct trivet_digest *
trivet_digest_new(void)
{
    struct trivet_digest *digest = calloc(1, sizeof *digest);

    if (digest == NULL) {
        return NULL;
    }

    digest->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    digest->context = EVP_MD_CTX_new();
    if (digest->algorithm == NULL || digest->context == NULL) {
        trivet_digest_free(digest);
        return NULL;
    }

    return digest;
}

void
trivet_digest_free(struct trivet_digest *digest)
{
    if (digest == NULL) {
        return;
    }

    EVP_MD_CTX_free(digest->context);
    EVP_MD_free(digest->algorithm);
    free(digest);
}

void
trivet_digest_start(struct trivet_digest *digest)
{
    digest->has_failed =
        EVP_DigestInit_ex2(digest->context, digest->algorithm, NULL) != 1;
}

void
trivet_digest_add(struct trivet_digest *digest, struct trivet_slice bytes)
{
    if (!digest->has_failed && bytes.len > 0
        && EVP_DigestUpdate(digest->context, bytes.data, bytes.len) != 1)
    {
        digest->has_failed = true;
    }
}

enum trivet_status
trivet_digest_finish(
    struct trivet_digest *digest, unsigned char out[TRIVET_DIGEST_LEN])
{
    if (digest->has_failed
        || EVP_DigestFinal_ex(digest->context, out, NULL) != 1) {
        ERR_clear_error();
        return TRIVET_E_CRYPTO;
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_digest_bytes(struct trivet_digest *digest, struct trivet_slice bytes,
    unsigned char out[TRIVET_DIGEST_LEN])
{
    trivet_digest_start(digest);
    trivet_digest_add(digest, bytes);

    return trivet_digest_finish(digest, out);
}

enum trivet_status
trivet_sha256(struct trivet_slice bytes, unsigned char out[TRIVET_DIGEST_LEN])
{
    /* OpenSSL asks for an address, also of no bytes. */
    const unsigned char *data = bytes.len > 0 ? bytes.data : out;

    if (EVP_Digest(data, bytes.len, out, NULL, EVP_sha256(), NULL) != 1) {
        ERR_clear_error();
        return TRIVET_E_CRYPTO;
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_sha256_hex(struct trivet_slice bytes, char out[TRIVET_DIGEST_HEX_SIZE])
{
    unsigned char digest[TRIVET_DIGEST_LEN];

    TRIVET_TRY(trivet_sha256(bytes, digest));
    trivet_hex_encode(trivet_slice_make(digest, sizeof digest), out);
    out[TRIVET_DIGEST_HEX_SIZE - 1] = '\0';

    return TRIVET_OK;
}

enum trivet_status
trivet_random(void *out, size_t len)
{
    if (len > INT_MAX || RAND_bytes(out, (int) len) != 1) {
        ERR_clear_error();
        return TRIVET_E_CRYPTO;
    }

    return TRIVET_OK;
}
