/* SPDX-License-Identifier: Apache-2.0 */
/* x509.c - certificates are made here, of whatever kind */
#include "crypto/x509.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "crypto/digest.h"

static bool
set_serial(X509 *certificate)
{
    unsigned char random[16];
    BIGNUM *number;
    bool is_set;

    if (trivet_random(random, sizeof random) != TRIVET_OK) {
        return false;
    }

    random[0] &= 0x7f; /* positive */
    number = BN_bin2bn(random, sizeof random, NULL);
    is_set = number != NULL
             && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate))
                    != NULL;
    BN_free(number);

    return is_set;
}

static bool
add_extension(
    X509 *certificate, X509 *issuer, const struct trivet_x509_extension *wanted)
{
    X509_EXTENSION *extension;
    X509V3_CTX context;
    bool is_added;

    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, wanted->nid, wanted->value);
    is_added =
        extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);

    return is_added;
}

static bool
set_basics(X509 *certificate, EVP_PKEY *key, const char *name, int num_days)
{
    X509_NAME *subject = X509_get_subject_name(certificate);

    return X509_set_version(certificate, X509_VERSION_3) == 1
           && set_serial(certificate)
           && X509_gmtime_adj(X509_getm_notBefore(certificate), -TRIVET_DAY_S)
                  != NULL
           && X509_gmtime_adj(X509_getm_notAfter(certificate),
                  (long) num_days * TRIVET_DAY_S)
                  != NULL
           && X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                  (const unsigned char *) name, -1, -1, 0)
                  == 1
           && X509_set_pubkey(certificate, key) == 1;
}

X509 *
trivet_x509_make(EVP_PKEY *key, const char *name, int num_days)
{
    X509 *certificate = X509_new();

    if (certificate != NULL && !set_basics(certificate, key, name, num_days)) {
        X509_free(certificate);
        return NULL;
    }

    return certificate;
}

bool
trivet_x509_complete(X509 *certificate, X509 *issuer, EVP_PKEY *issuer_key,
    const struct trivet_x509_extension *extensions, size_t num_extensions)
{
    if (X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) != 1) {
        return false;
    }

    for (size_t i = 0; i < num_extensions; i++) {
        if (!add_extension(certificate, issuer, &extensions[i])) {
            return false;
        }
    }

    return X509_sign(certificate, issuer_key, EVP_sha256()) > 0;
}

/* The text of a BIO of memory, which is freed. */
static bool
take_text(BIO *bio, bool is_written, char out[TRIVET_MAX_CERTIFICATE_PEM])
{
    char *data;
    long len = is_written ? BIO_get_mem_data(bio, &data) : 0;
    bool fits = len > 0 && len < TRIVET_MAX_CERTIFICATE_PEM;

    if (fits) {
        memcpy(out, data, (size_t) len);
        out[len] = '\0';
    }

    BIO_free(bio);
    return fits;
}

bool
trivet_x509_to_pem(X509 *certificate, char out[TRIVET_MAX_CERTIFICATE_PEM])
{
    BIO *text = BIO_new(BIO_s_mem());
    bool is_written =
        text != NULL && PEM_write_bio_X509(text, certificate) == 1;

    return take_text(text, is_written, out);
}

bool
trivet_x509_key_to_pem(EVP_PKEY *key, char out[TRIVET_MAX_CERTIFICATE_PEM])
{
    BIO *secret = BIO_new(BIO_s_secmem());
    bool is_written =
        secret != NULL
        && PEM_write_bio_PKCS8PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL)
               == 1;

    return take_text(secret, is_written, out);
}
