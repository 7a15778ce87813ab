/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pin.h - a pin: which key a server's TLS certificate must have
 *
 * Blocks: no. Threads: any.
 */
#ifndef TRIVET_PIN_H
#define TRIVET_PIN_H

#include <stdint.h>

#include "trivet/base.h"
#include "trivet/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    TRIVET_MAX_PINS = 16,     /* in one set                         */
    TRIVET_PIN_TEXT_SIZE = 52 /* "sha256/" and base64, with the NUL */
};

/* The SHA-256 of a certificate's SubjectPublicKeyInfo. */
struct trivet_pin {
    unsigned char digest[32];
    int64_t expires_us; /* not valid from then on; 0: no expiry */
};

/* pin = "sha256/" base64 [ "@" YYYY-MM-DD ], also with "//" as curl has it. */
TRIVET_API TRIVET_MUST_USE enum trivet_status trivet_pin_parse(
    const char *text, struct trivet_pin *out, struct trivet_error *err);

/* The pin without its expiry, as "sha256/...". Blocks: no. */
TRIVET_API void trivet_pin_format(
    const struct trivet_pin *pin, char out[TRIVET_PIN_TEXT_SIZE]);

#ifdef __cplusplus
}
#endif

#endif
