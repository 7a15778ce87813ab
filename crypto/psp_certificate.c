/* SPDX-License-Identifier: Apache-2.0 */
/* psp_certificate.c - the certificate of a payment service provider (PSD2) */
#include "crypto/psp_certificate.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "crypto/psp_chain.h"
#include "crypto/psp_name.h"
#include "crypto/weak.h"

enum { MIN_RSA_BITS = 2048, MAX_CHAIN = 10 };

/* ---- the certificate itself -------------------------------------------- */

static bool
is_usable(X509 *certificate)
{
    const EVP_PKEY *key = X509_get0_pubkey(certificate);

    return key != NULL && EVP_PKEY_is_a(key, "RSA")
           && EVP_PKEY_get_bits(key) >= MIN_RSA_BITS
           && trivet_psp_is_bounded(certificate) && trivet_weak_key(key) == NULL
           && (X509_get_key_usage(certificate)
                  & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION))
                  != 0;
}

static bool
has_role(const struct trivet_psp *psp)
{
    return strstr(psp->common_name, "PISP") != NULL
           || strstr(psp->common_name, "AISP") != NULL;
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
verify(const struct trivet_psp_claim *claim,
    const struct trivet_psp_trust *trust, X509 *certificate,
    STACK_OF(X509) * chain, enum trivet_psp_fault *out_fault,
    struct trivet_psp *out, struct trivet_error *err)
{
    enum trivet_status status;

    *out_fault = TRIVET_PSP_CERTIFICATE;
    if (!is_usable(certificate) || !trivet_psp_read_names(certificate, out)) {
        return TRIVET_OK;
    }

    TRIVET_TRY(
        trivet_psp_verify_chain(trust, certificate, chain, out_fault, err));
    if (*out_fault != TRIVET_PSP_GOOD) {
        return TRIVET_OK;
    }

    if (!has_role(out)) {
        *out_fault = TRIVET_PSP_ROLE;
        return TRIVET_OK;
    }
    if (!has_signed(certificate, claim)) {
        *out_fault = TRIVET_PSP_SIGNATURE;
        return TRIVET_OK;
    }

    status = trivet_psp_identify(certificate, trust->trusts_claimed_roots, out);
    if (status == TRIVET_E_MALFORMED) {
        *out_fault = TRIVET_PSP_CERTIFICATE;
        return TRIVET_OK;
    }

    return status;
}

enum trivet_status
trivet_psp_verify(const struct trivet_psp_claim *claim,
    const struct trivet_psp_trust *trust, enum trivet_psp_fault *out_fault,
    struct trivet_psp *out, struct trivet_error *err)
{
    STACK_OF(X509) *own = trivet_psp_read_pem(claim->certificate_pem, 1);
    STACK_OF(X509) *chain = trivet_psp_read_pem(claim->chain_pem, MAX_CHAIN);
    enum trivet_status status = TRIVET_OK;

    memset(out, 0, sizeof *out);
    *out_fault = TRIVET_PSP_CERTIFICATE;

    if (own != NULL && sk_X509_num(own) == 1) {
        *out_fault = TRIVET_PSP_CHAIN;
        if (chain != NULL) {
            status = verify(claim, trust, sk_X509_value(own, 0), chain,
                out_fault, out, err);
        }
    }

    sk_X509_pop_free(own, X509_free);
    sk_X509_pop_free(chain, X509_free);
    ERR_clear_error();
    return status;
}
