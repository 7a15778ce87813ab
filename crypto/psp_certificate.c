/* SPDX-License-Identifier: Apache-2.0 */
/* psp_certificate.c - the certificate of a payment service provider (PSD2) */
#include "crypto/psp_certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "crypto/openssl.h"
#include "crypto/weak.h"

enum {
    MIN_RSA_BITS = 2048,
    MAX_RSA_BITS = 8 * TRIVET_MAX_SIGNATURE,
    MAX_CHAIN = 10
};

/* The certificates of a PEM text; NULL when there is something else in it, or
 * more of them than max. An empty text has none. */
static STACK_OF(X509) * read_certificates(struct trivet_slice pem, int max)
{
    STACK_OF(X509) *list = sk_X509_new_null();
    BIO *bio = BIO_new_mem_buf(
        pem.len == 0 ? (const unsigned char *) "" : pem.data, (int) pem.len);
    X509 *certificate = NULL;
    bool is_good = list != NULL && bio != NULL;

    while (is_good
           && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
    {
        is_good =
            sk_X509_num(list) < max && sk_X509_push(list, certificate) > 0;
        if (!is_good) {
            X509_free(certificate);
        }
    }

    /* It must have ended because there is no more. */
    is_good =
        is_good && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(bio);

    if (!is_good) {
        sk_X509_pop_free(list, X509_free);
        return NULL;
    }

    return list;
}

/* ---- the certificate itself -------------------------------------------- */

static bool
is_usable(X509 *certificate)
{
    const EVP_PKEY *key = X509_get0_pubkey(certificate);

    return key != NULL && EVP_PKEY_is_a(key, "RSA")
           && EVP_PKEY_get_bits(key) >= MIN_RSA_BITS
           && EVP_PKEY_get_bits(key) <= MAX_RSA_BITS
           && trivet_weak_key(key) == NULL
           && (X509_get_key_usage(certificate)
                  & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION))
                  != 0;
}

/* The one common name, as UTF-8 without a NUL in it. */
static bool
read_common_name(const X509_NAME *name, char out[TRIVET_MAX_NAME])
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    unsigned char *text;
    bool is_good;
    int len;

    if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0) {
        return false;
    }

    len = ASN1_STRING_to_UTF8(
        &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (len < 0) {
        return false;
    }

    is_good = len > 0 && len < TRIVET_MAX_NAME
              && memchr(text, '\0', (size_t) len) == NULL;
    if (is_good) {
        memcpy(out, text, (size_t) len);
        out[len] = '\0';
    }

    OPENSSL_free(text);
    return is_good;
}

static bool
read_names(X509 *certificate, struct trivet_psp *out)
{
    const X509_NAME *name = X509_get_subject_name(certificate);
    char *line = X509_NAME_oneline(name, NULL, 0);
    bool is_good = line != NULL && strlen(line) < TRIVET_MAX_NAME
                   && read_common_name(name, out->common_name);

    if (is_good) {
        (void) snprintf(out->distinguished_name, sizeof out->distinguished_name,
            "%s", line);
    }

    OPENSSL_free(line);
    return is_good;
}

static bool
has_role(const struct trivet_psp *psp)
{
    return strstr(psp->common_name, "PISP") != NULL
           || strstr(psp->common_name, "AISP") != NULL;
}

/* ---- its chain --------------------------------------------------------- */

/* A certificate by itself: signed by its own key. */
static void
trust_root(X509_STORE *store, X509 *certificate)
{
    if (X509_self_signed(certificate, 1) == 1) {
        (void) X509_STORE_add_cert(store, certificate);
    }
}

/* The roots to trust; NULL when that could not be done. */
static X509_STORE *
make_store(const struct trivet_psp_trust *trust, X509 *certificate,
    STACK_OF(X509) * chain)
{
    X509_STORE *store = X509_STORE_new();

    if (store == NULL
        || (trust->ca_file != NULL
            && X509_STORE_load_file(store, trust->ca_file) != 1))
    {
        X509_STORE_free(store);
        return NULL;
    }

    if (trust->trusts_claimed_roots) {
        trust_root(store, certificate);
        for (int i = 0; i < sk_X509_num(chain); i++) {
            trust_root(store, sk_X509_value(chain, i));
        }
    }

    return store;
}

static enum trivet_psp_fault
fault_of(int error)
{
    switch (error) {
    case X509_V_OK:
        return TRIVET_PSP_GOOD;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return TRIVET_PSP_VALIDITY;
    default:
        return TRIVET_PSP_CHAIN;
    }
}

static enum trivet_status
judge_chain(const struct trivet_psp_trust *trust, X509 *certificate,
    STACK_OF(X509) * chain, enum trivet_psp_fault *out_fault,
    struct trivet_error *err)
{
    X509_STORE *store = make_store(trust, certificate, chain);
    X509_STORE_CTX *context = X509_STORE_CTX_new();

    if (store == NULL || context == NULL
        || X509_STORE_CTX_init(context, store, certificate, chain) != 1)
    {
        X509_STORE_CTX_free(context);
        X509_STORE_free(store);
        return trivet_openssl_error(err, TRIVET_E_UNAVAILABLE, "psp.chain",
            "the CA file of payment service providers cannot be used");
    }

    X509_STORE_CTX_set_time(context, 0, (time_t) trust->now_s);
    X509_STORE_CTX_set_depth(context, MAX_CHAIN);

    *out_fault = X509_verify_cert(context) == 1
                     ? TRIVET_PSP_GOOD
                     : fault_of(X509_STORE_CTX_get_error(context));
    if (*out_fault == TRIVET_PSP_GOOD
        && X509_STORE_CTX_get_error(context) != X509_V_OK)
    {
        *out_fault = TRIVET_PSP_CHAIN;
    }

    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
    return TRIVET_OK;
}

/* ---- its signature ----------------------------------------------------- */

static bool
has_signed(X509 *certificate, const struct trivet_psp_claim *claim)
{
    EVP_PKEY_CTX *context =
        EVP_PKEY_CTX_new(X509_get0_pubkey(certificate), NULL);
    bool fits =
        context != NULL && EVP_PKEY_verify_init(context) == 1
        && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1
        && EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1
        && EVP_PKEY_verify(context, claim->signature.data, claim->signature.len,
               claim->digest, sizeof claim->digest)
               == 1;

    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return fits;
}

/* ---- all of it --------------------------------------------------------- */

static enum trivet_status
digest_psp(X509 *certificate, bool with_key, struct trivet_psp *out)
{
    struct trivet_digest *digest = trivet_digest_new();
    unsigned char *der = NULL;
    int len = with_key ? i2d_PUBKEY(X509_get0_pubkey(certificate), &der) : 0;
    enum trivet_status status = TRIVET_E_CRYPTO;

    if (digest != NULL && len >= 0) {
        trivet_digest_start(digest);
        trivet_digest_add(digest, trivet_slice_make(der, (size_t) len));
        trivet_digest_add(digest, trivet_slice_text(out->distinguished_name));
        status = trivet_digest_finish(digest, out->digest);
    }

    OPENSSL_free(der);
    trivet_digest_free(digest);
    return status;
}

static enum trivet_status
judge(const struct trivet_psp_claim *claim,
    const struct trivet_psp_trust *trust, X509 *certificate,
    STACK_OF(X509) * chain, enum trivet_psp_fault *out_fault,
    struct trivet_psp *out, struct trivet_error *err)
{
    if (!is_usable(certificate) || !read_names(certificate, out)) {
        ERR_clear_error();
        *out_fault = TRIVET_PSP_CERTIFICATE;
        return TRIVET_OK;
    }

    TRIVET_TRY(judge_chain(trust, certificate, chain, out_fault, err));
    if (*out_fault != TRIVET_PSP_GOOD) {
        return TRIVET_OK;
    }

    if (!has_role(out)) {
        *out_fault = TRIVET_PSP_ROLE;
    } else if (!has_signed(certificate, claim)) {
        *out_fault = TRIVET_PSP_SIGNATURE;
    }

    return digest_psp(certificate, trust->trusts_claimed_roots, out);
}

enum trivet_status
trivet_psp_judge(const struct trivet_psp_claim *claim,
    const struct trivet_psp_trust *trust, enum trivet_psp_fault *out_fault,
    struct trivet_psp *out, struct trivet_error *err)
{
    STACK_OF(X509) *own = read_certificates(claim->certificate_pem, 1);
    STACK_OF(X509) *chain = read_certificates(claim->chain_pem, MAX_CHAIN);
    enum trivet_status status = TRIVET_OK;

    memset(out, 0, sizeof *out);
    *out_fault = TRIVET_PSP_CERTIFICATE;

    if (own != NULL && sk_X509_num(own) == 1) {
        *out_fault = TRIVET_PSP_CHAIN;
        if (chain != NULL) {
            status = judge(claim, trust, sk_X509_value(own, 0), chain,
                out_fault, out, err);
        }
    }

    sk_X509_pop_free(own, X509_free);
    sk_X509_pop_free(chain, X509_free);
    ERR_clear_error();
    return status;
}
