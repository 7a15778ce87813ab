/* SPDX-License-Identifier: Apache-2.0 */
/* pin.c - what a TLS certificate says of its key and its days */
#include "crypto/pin.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

static int64_t
to_us(const ASN1_TIME *time)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0;
    int seconds = 0;

    (void) ASN1_TIME_diff(&days, &seconds, epoch, time);
    ASN1_TIME_free(epoch);

    return ((int64_t) days * 86400 + seconds) * 1000000;
}

/* Takes over der, of len bytes; len is 0 or less when there is none. */
static bool
digest_der(unsigned char *der, int len, unsigned char out[TRIVET_DIGEST_LEN])
{
    bool is_done = len > 0
                   && trivet_sha256(trivet_slice_make(der, (size_t) len), out)
                          == TRIVET_OK;

    OPENSSL_free(der);
    return is_done;
}

static bool
digest_key(const X509 *certificate, unsigned char out[TRIVET_DIGEST_LEN])
{
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);

    return digest_der(der, len, out);
}

/* In place of OpenSSL's own, which would ask on the terminal. */
static int
give_no_password(char *buffer, int size, int is_writing, void *opaque)
{
    (void) buffer;
    (void) size;
    (void) is_writing;
    (void) opaque;

    return -1;
}

/* The public key, or the private key, in bio; NULL: neither. */
static EVP_PKEY *
read_key(BIO *bio)
{
    EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, give_no_password, NULL);

    if (key == NULL && BIO_reset(bio) == 1) {
        key = PEM_read_bio_PrivateKey(bio, NULL, give_no_password, NULL);
    }

    return key;
}

static bool
digest_certificate_in(BIO *bio, unsigned char out[TRIVET_DIGEST_LEN])
{
    X509 *certificate = PEM_read_bio_X509(bio, NULL, give_no_password, NULL);
    bool is_done = certificate != NULL && digest_key(certificate, out);

    X509_free(certificate);
    return is_done;
}

static bool
digest_key_in(BIO *bio, unsigned char out[TRIVET_DIGEST_LEN])
{
    EVP_PKEY *key = read_key(bio);
    unsigned char *der = NULL;
    int len = key == NULL ? 0 : i2d_PUBKEY(key, &der);

    EVP_PKEY_free(key);
    return digest_der(der, len, out);
}

enum trivet_status
trivet_key_digest_read(
    struct trivet_slice pem, unsigned char out[TRIVET_DIGEST_LEN])
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int) pem.len);
    bool is_done = bio != NULL
                   && (digest_certificate_in(bio, out)
                       || (BIO_reset(bio) == 1 && digest_key_in(bio, out)));

    BIO_free(bio);
    ERR_clear_error();

    return is_done ? TRIVET_OK : TRIVET_E_MALFORMED;
}

enum trivet_status
trivet_certificate_read(
    struct trivet_slice pem, struct trivet_certificate_facts *out)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int) pem.len);
    X509 *certificate =
        bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    memset(out, 0, sizeof *out);
    if (certificate == NULL || !digest_key(certificate, out->key_digest)) {
        X509_free(certificate);
        ERR_clear_error();
        return TRIVET_E_MALFORMED;
    }

    (void) X509_NAME_oneline(
        X509_get_subject_name(certificate), out->subject, sizeof out->subject);
    (void) X509_NAME_oneline(
        X509_get_issuer_name(certificate), out->issuer, sizeof out->issuer);
    out->not_before_us = to_us(X509_get0_notBefore(certificate));
    out->not_after_us = to_us(X509_get0_notAfter(certificate));

    X509_free(certificate);
    ERR_clear_error();
    return TRIVET_OK;
}
