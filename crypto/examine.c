/* SPDX-License-Identifier: Apache-2.0 */
/* examine.c - looking into signatures that do not fit */
#include "crypto/examine.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "core/pem.h"
#include "crypto/openssl.h"

enum { MAX_RAW = 512, MIN_PADDING = 8, MAX_PEM = 16 * 1024 };

/* DigestInfo without the digest (RFC 8017, section 9.2, note 1). */
static const struct {
    const char *name;
    size_t prefix_len;
    size_t digest_len;
    unsigned char prefix[19];
} infos[] = {
    {"SHA256", 19, 32,
        {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
            0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}},
    {"SHA1", 15, 20,
        {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05,
            0x00, 0x04, 0x14}},
    {"SHA384", 19, 48,
        {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
            0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30}},
    {"SHA512", 19, 64,
        {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
            0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40}},
    {"MD5", 18, 16,
        {0x30, 0x20, 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
            0x02, 0x05, 0x05, 0x00, 0x04, 0x10}},
};

#define NUM_INFOS (sizeof infos / sizeof infos[0])

static EVP_PKEY *
read_key(const struct trivet_public_key *key)
{
    struct trivet_slice der = trivet_slice_make(key->der, key->der_len);
    const unsigned char *p = key->der;

    return trivet_openssl_is_common_der(der)
               ? trivet_openssl_public_key(der)
               : d2i_PUBKEY(NULL, &p, (long) key->der_len);
}

/* signature^e mod n, padding and all. */
static bool
open_raw(EVP_PKEY *pkey, struct trivet_slice signature,
    unsigned char out[MAX_RAW], size_t *out_len)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
    bool is_open;

    *out_len = MAX_RAW;
    is_open = context != NULL && EVP_PKEY_verify_recover_init(context) == 1
              && EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1
              && EVP_PKEY_verify_recover(
                     context, out, out_len, signature.data, signature.len)
                     == 1;
    EVP_PKEY_CTX_free(context);

    return is_open;
}

/* em = 00 01 8*FF 00 inside; false when it is not that. */
static bool
strip_padding(struct trivet_slice em, struct trivet_slice *inside)
{
    size_t i = 2;

    if (em.len < 11 || em.data[0] != 0 || em.data[1] != 1) {
        return false;
    }
    while (i < em.len && em.data[i] == 0xff) {
        i++;
    }
    if (i < 2 + MIN_PADDING || i >= em.len || em.data[i] != 0) {
        return false;
    }

    *inside = trivet_slice_after(em, i + 1);
    return true;
}

static void
read_inside(struct trivet_slice inside, struct trivet_examined *out)
{
    for (size_t i = 0; i < NUM_INFOS; i++) {
        size_t prefix_len = infos[i].prefix_len;

        if (inside.len == prefix_len + infos[i].digest_len
            && memcmp(inside.data, infos[i].prefix, prefix_len) == 0)
        {
            inside = trivet_slice_after(inside, prefix_len);
            out->padding = TRIVET_PADDING_PKCS1;
            out->hash = infos[i].name;
            break;
        }
    }

    if (out->padding != TRIVET_PADDING_PKCS1) {
        out->padding = TRIVET_PADDING_BARE;
    }
    if (inside.len <= sizeof out->digest) {
        memcpy(out->digest, inside.data, inside.len);
        out->digest_len = inside.len;
    }
}

static bool
fits_as_pss(EVP_PKEY *pkey, const char *hash, struct trivet_slice signature,
    struct trivet_slice body)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner = NULL;
    bool fits =
        context != NULL
        && EVP_DigestVerifyInit_ex(
               context, &inner, hash, NULL, NULL, pkey, NULL)
               == 1
        && EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING) == 1
        && EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, RSA_PSS_SALTLEN_AUTO) == 1
        && EVP_DigestVerify(
               context, signature.data, signature.len, body.data, body.len)
               == 1;

    EVP_MD_CTX_free(context);
    return fits;
}

enum trivet_status
trivet_signature_examine(const struct trivet_public_key *key,
    struct trivet_slice signature, struct trivet_slice body,
    struct trivet_examined *out)
{
    struct trivet_examined examined = {TRIVET_PADDING_NONE, NULL, {0}, 0};
    EVP_PKEY *pkey = read_key(key);
    struct trivet_slice inside;
    unsigned char em[MAX_RAW];
    size_t em_len;

    if (pkey == NULL || signature.len != (size_t) EVP_PKEY_get_size(pkey)) {
        EVP_PKEY_free(pkey);
        ERR_clear_error();
        return TRIVET_E_MALFORMED;
    }

    /* It cannot be opened when its number is above the modulus: then it was
     * made with a larger one, of another key. */
    if (!open_raw(pkey, signature, em, &em_len)) {
        EVP_PKEY_free(pkey);
        ERR_clear_error();
        *out = examined;
        return TRIVET_OK;
    }

    if (strip_padding(trivet_slice_make(em, em_len), &inside)) {
        read_inside(inside, &examined);
    }
    for (size_t i = 0; i < NUM_INFOS && examined.padding == TRIVET_PADDING_NONE;
         i++)
    {
        if (fits_as_pss(pkey, infos[i].name, signature, body)) {
            examined.padding = TRIVET_PADDING_PSS;
            examined.hash = infos[i].name;
        }
    }

    EVP_PKEY_free(pkey);
    ERR_clear_error();
    *out = examined;
    return TRIVET_OK;
}

bool
trivet_signature_is_by(
    const struct trivet_public_key *key, struct trivet_slice signature)
{
    EVP_PKEY *pkey = read_key(key);
    struct trivet_slice inside;
    unsigned char em[MAX_RAW];
    size_t em_len;
    bool is_by = pkey != NULL
                 && signature.len == (size_t) EVP_PKEY_get_size(pkey)
                 && open_raw(pkey, signature, em, &em_len)
                 && strip_padding(trivet_slice_make(em, em_len), &inside);

    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return is_by;
}

/* Whatever of the three the PEM is. */
static EVP_PKEY *
read_any(struct trivet_slice pem)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int) pem.len);
    EVP_PKEY *pkey =
        bio == NULL ? NULL : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    X509 *certificate = NULL;

    if (pkey == NULL && bio != NULL && BIO_reset(bio) == 1) {
        char none[] = "";

        pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, none);
    }
    if (pkey == NULL && bio != NULL && BIO_reset(bio) == 1) {
        certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        pkey = certificate == NULL ? NULL : X509_get_pubkey(certificate);
    }

    X509_free(certificate);
    BIO_free(bio);
    ERR_clear_error();
    return pkey;
}

enum trivet_status
trivet_public_key_from_any(struct trivet_slice pem,
    struct trivet_public_key *out, struct trivet_error *err)
{
    unsigned char strict[MAX_PEM];
    struct trivet_writer writer = trivet_writer_make(strict, sizeof strict);
    unsigned char *p = out->der;
    EVP_PKEY *pkey;
    int len;

    if (trivet_pem_rewrap(pem, &writer) == TRIVET_OK) {
        pem = trivet_writer_slice(&writer);
    }
    pkey = read_any(pem);
    len = pkey == NULL ? 0 : i2d_PUBKEY(pkey, NULL);
    if (len <= 0 || (size_t) len > sizeof out->der
        || !EVP_PKEY_is_a(pkey, "RSA") || i2d_PUBKEY(pkey, &p) != len)
    {
        EVP_PKEY_free(pkey);
        ERR_clear_error();
        return trivet_error_set(err, TRIVET_E_MALFORMED, "key.parse",
            "it has no RSA key: use a PEM with a public key, a private key or "
            "a certificate");
    }

    EVP_PKEY_free(pkey);
    out->der_len = (size_t) len;
    return TRIVET_OK;
}
