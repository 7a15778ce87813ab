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

static bool
digest_key(const X509 *certificate, unsigned char out[TRIVET_DIGEST_LEN])
{
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    bool is_done = len > 0
                   && trivet_sha256(trivet_slice_make(der, (size_t) len), out)
                          == TRIVET_OK;

    OPENSSL_free(der);
    return is_done;
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
