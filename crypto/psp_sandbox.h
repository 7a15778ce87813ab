/* SPDX-License-Identifier: Apache-2.0 */
/*
 * psp_sandbox.h - a payment service provider (PSD2) for a sandbox
 *
 * A certificate as a QSEAL is, by a root made for it, whose key is thrown away:
 * a sandbox trusts the root that a provider brings. No real CA vouches for it.
 */
#ifndef TRIVET_CRYPTO_PSP_SANDBOX_H
#define TRIVET_CRYPTO_PSP_SANDBOX_H

#include <stdint.h>

#include "crypto/tls_certificate.h"

/* The common name: it has the provider's roles in it. */
#define TRIVET_SANDBOX_PSP_NAME "Sandbox Provider PISP AISP"

struct trivet_sandbox_psp {
    struct trivet_certificate own; /* RSA, 2048 bits. Wipe the key */
    char chain_pem[TRIVET_MAX_CERTIFICATE_PEM]; /* the root        */
};

/*
 * Makes one that is valid since yesterday and for a year from now_s (seconds
 * since 1970: a sandbox's clock may be ahead). Takes up to half a second.
 *
 * TRIVET_E_CRYPTO  it could not be made.
 */
TRIVET_MUST_USE enum trivet_status trivet_sandbox_psp_make(
    int64_t now_s, struct trivet_sandbox_psp *out, struct trivet_error *err);

#endif
