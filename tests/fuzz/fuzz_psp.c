/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_psp.c - a payment service provider's certificate and its chain
 *
 * The certificate's text, a byte of zero, the chain's. The signature is left
 * out: a claim can be wrong in that alone, never good.
 */
#include "crypto/psp_certificate.h"
#include "crypto/psp_chain.h"
#include "crypto/psp_name.h"
#include "tests/fuzz/fuzz.h"

enum { SOME_DAY_S = 1767225600 /* 2026-01-01: the corpus is valid then */ };

/* What is reached only behind a good chain. */
static void
identify(struct trivet_slice pem)
{
    STACK_OF(X509) *list = trivet_psp_read_pem(pem, 1);
    struct trivet_psp psp = {.is_shown_alone = false};
    struct trivet_psp again = {.is_shown_alone = false};
    X509 *certificate;

    if (list == NULL || sk_X509_num(list) == 0) {
        sk_X509_pop_free(list, X509_free);
        return;
    }

    certificate = sk_X509_value(list, 0);
    if (trivet_psp_read_names(certificate, &psp)
        && trivet_psp_identify(certificate, false, &psp) == TRIVET_OK)
    {
        HOLDS(trivet_psp_read_names(certificate, &again));
        HOLDS(trivet_psp_identify(certificate, false, &again) == TRIVET_OK);
        HOLDS(memcmp(psp.digest, again.digest, sizeof psp.digest) == 0);
        HOLDS(psp.common_name[0] != '\0');
    }

    sk_X509_pop_free(list, X509_free);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct trivet_slice input = trivet_slice_make(data, len);
    const struct trivet_psp_trust trust = {
        .trusts_claimed_roots = true, .now_s = SOME_DAY_S};
    struct trivet_psp_claim claim = {.digest = {0}};
    enum trivet_psp_fault fault;
    struct trivet_psp psp;

    claim.certificate_pem = take_until(&input, 0);
    claim.chain_pem = input;
    HOLDS(trivet_psp_verify(&claim, &trust, &fault, &psp, NULL) == TRIVET_OK);
    HOLDS(fault != TRIVET_PSP_GOOD);
    identify(claim.certificate_pem);

    return 0;
}
