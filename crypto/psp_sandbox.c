/* SPDX-License-Identifier: Apache-2.0 */
/* psp_sandbox.c - a payment service provider (PSD2) for a sandbox */
#include "crypto/psp_sandbox.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "crypto/openssl.h"
#include "crypto/x509.h"

enum { NUM_DAYS = 365 };

#define NUM_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The end is by the sandbox's clock. */
static X509 *
make_blank(EVP_PKEY *key, const char *name, int64_t now_s)
{
    X509 *certificate = trivet_x509_make(key, name, NUM_DAYS);
    time_t end_s = (time_t) now_s + (time_t) NUM_DAYS * TRIVET_DAY_S;

    if (certificate == NULL
        || ASN1_TIME_set(X509_getm_notAfter(certificate), end_s) == NULL
        || X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "C",
               MBSTRING_ASC, (const unsigned char *) "NL", -1, -1, 0)
               != 1)
    {
        X509_free(certificate);
        return NULL;
    }

    return certificate;
}

static bool
make_root(EVP_PKEY *key, int64_t now_s, X509 **out, char *out_pem)
{
    static const struct trivet_x509_extension extensions[] = {
        {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        {NID_key_usage, "critical,keyCertSign,cRLSign"},
        {NID_subject_key_identifier, "hash"},
    };

    *out = make_blank(key, "Sandbox Provider Root", now_s);

    return *out != NULL
           && trivet_x509_complete(
               *out, *out, key, extensions, NUM_OF(extensions))
           && trivet_x509_to_pem(*out, out_pem);
}

static bool
make_provider(EVP_PKEY *key, X509 *root, EVP_PKEY *root_key, int64_t now_s,
    struct trivet_certificate *out)
{
    static const struct trivet_x509_extension extensions[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature,nonRepudiation"},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid"},
    };
    X509 *certificate = make_blank(key, TRIVET_SANDBOX_PSP_NAME, now_s);
    bool is_made = certificate != NULL
                   && trivet_x509_complete(certificate, root, root_key,
                       extensions, NUM_OF(extensions))
                   && trivet_x509_to_pem(certificate, out->certificate_pem)
                   && trivet_x509_key_to_pem(key, out->key_pem);

    X509_free(certificate);
    return is_made;
}

enum trivet_status
trivet_sandbox_psp_make(
    int64_t now_s, struct trivet_sandbox_psp *out, struct trivet_error *err)
{
    EVP_PKEY *root_key = EVP_EC_gen("P-256");
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *root = NULL;
    bool is_made = root_key != NULL && key != NULL
                   && make_root(root_key, now_s, &root, out->chain_pem)
                   && make_provider(key, root, root_key, now_s, &out->own);

    X509_free(root);
    EVP_PKEY_free(key);
    EVP_PKEY_free(root_key);

    if (!is_made) {
        return trivet_openssl_error(err, TRIVET_E_CRYPTO, "psp.make",
            "cannot make a provider's certificate");
    }

    return TRIVET_OK;
}
