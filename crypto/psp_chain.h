/* SPDX-License-Identifier: Apache-2.0 */
/*
 * psp_chain.h - certificates that a caller sent: read, bounded, verified
 *
 * What they cost is known before anything is verified: how many there are, and
 * of which keys. Of this folder alone: OpenSSL's types.
 */
#ifndef TRIVET_CRYPTO_PSP_CHAIN_H
#define TRIVET_CRYPTO_PSP_CHAIN_H

#include <openssl/x509_vfy.h>

#include "crypto/psp_certificate.h"

/* The certificates of a PEM text; NULL when there is something else in it, or
 * more of them than max. An empty text has none. The caller frees it with
 * sk_X509_pop_free. */
STACK_OF(X509) * trivet_psp_read_pem(struct trivet_slice pem, int max);

/*
 * Whether verifying with the certificate's key ends soon: RSA of at most 4096
 * bits with an exponent of at most 32, a named curve of at most 521 bits,
 * Ed25519 or Ed448.
 */
bool trivet_psp_is_bounded(X509 *certificate);

/* Whether certificate leads to a root that is trusted, over those of chain
 * that are needed; all must be bounded. */
TRIVET_MUST_USE enum trivet_status trivet_psp_verify_chain(
    const struct trivet_psp_trust *trust, X509 *certificate,
    STACK_OF(X509) * chain, enum trivet_psp_fault *out_fault,
    struct trivet_error *err);

/* The caller must not change it. */
X509_STORE *trivet_psp_roots_store(const struct trivet_psp_roots *roots);

#endif
