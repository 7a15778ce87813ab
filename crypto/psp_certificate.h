/* SPDX-License-Identifier: Apache-2.0 */
/*
 * psp_certificate.h - the certificate of a payment service provider (PSD2)
 *
 * An eIDAS QSEAL certificate: RSA, with the provider's roles in its common
 * name. It comes with its chain, and with a signature that shows that the
 * caller has its key.
 */
#ifndef TRIVET_CRYPTO_PSP_CERTIFICATE_H
#define TRIVET_CRYPTO_PSP_CERTIFICATE_H

#include <stdint.h>

#include "base/slice.h"
#include "core/limits.h"
#include "crypto/digest.h"
#include "crypto/psp_roots.h"
#include "trivet/status.h"

struct trivet_psp_claim {
    struct trivet_slice certificate_pem;
    struct trivet_slice chain_pem; /* intermediates and root               */
    struct trivet_slice signature; /* raw bytes                            */
    unsigned char digest[TRIVET_DIGEST_LEN]; /* of what was signed         */
};

/* What the certificate is held against. */
struct trivet_psp_trust {
    const struct trivet_psp_roots *roots; /* NULL: none */
    bool trusts_claimed_roots; /* that the claim brings itself: the sandbox */
    bool needs_root_last; /* a root elsewhere in the chain is a wrong chain */
    int64_t now_s;
};

enum trivet_psp_fault {
    TRIVET_PSP_GOOD = 0,
    TRIVET_PSP_CERTIFICATE, /* not one RSA certificate to sign with       */
    TRIVET_PSP_CHAIN,       /* does not lead to a root that is trusted    */
    TRIVET_PSP_VALIDITY,    /* it, or one of its chain, is not valid now  */
    TRIVET_PSP_ROLE,        /* neither PISP nor AISP in its common name   */
    TRIVET_PSP_SIGNATURE    /* the signature is not by its key            */
};

struct trivet_psp {
    char common_name[TRIVET_MAX_NAME];        /* UTF-8 */
    char distinguished_name[TRIVET_MAX_NAME]; /* "/CN=.../C=NL", ASCII */
    /* Who it is: of subject and issuer as RFC 5280 compares names; with the key
     * when the root was only claimed: anybody can make one of that name. */
    unsigned char digest[TRIVET_DIGEST_LEN];
    /* Who it was to trivet before that: of the distinguished name as it is
     * shown. Another name may be shown alike, unless is_shown_alone. */
    unsigned char shown_digest[TRIVET_DIGEST_LEN];
    bool is_shown_alone;
};

/*
 * Verifies the claim. TRIVET_OK: out_fault says; out is filled when it is good.
 * Else memory ran out. Takes some 20 ms at worst: the number of certificates
 * and their keys are bounded before anything is verified.
 */
TRIVET_MUST_USE enum trivet_status trivet_psp_verify(
    const struct trivet_psp_claim *claim, const struct trivet_psp_trust *trust,
    enum trivet_psp_fault *out_fault, struct trivet_psp *out,
    struct trivet_error *err);

#endif
