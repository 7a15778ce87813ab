/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pin.h - what a TLS certificate says of its key and its days
 *
 * Blocks: no.
 */
#ifndef TRIVET_CRYPTO_PIN_H
#define TRIVET_CRYPTO_PIN_H

#include <stdint.h>

#include "base/slice.h"
#include "crypto/digest.h"
#include "trivet/status.h"

struct trivet_certificate_facts {
    unsigned char key_digest[TRIVET_DIGEST_LEN]; /* SHA-256 of its SPKI */
    char subject[256];
    char issuer[256];
    int64_t not_before_us;
    int64_t not_after_us;
};

/* The digest of the key in PEM text: of the first certificate, or else of a
 * public key, or of a private key that has no password (of any type).
 * TRIVET_E_MALFORMED  there is none. */
TRIVET_MUST_USE enum trivet_status trivet_key_digest_read(
    struct trivet_slice pem, unsigned char out[TRIVET_DIGEST_LEN]);

/* TRIVET_E_MALFORMED  pem holds no certificate. */
TRIVET_MUST_USE enum trivet_status trivet_certificate_read(
    struct trivet_slice pem, struct trivet_certificate_facts *out);

#endif
