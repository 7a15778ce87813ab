/* SPDX-License-Identifier: Apache-2.0 */
/*
 * psp.h - POST payment-service-provider-credential: a certificate for an API
 * key
 *
 *   request = {"client_payment_service_provider_certificate":PEM,
 *              "client_payment_service_provider_certificate_chain":PEM,
 *              "client_public_key_signature":BASE64}
 *   answer  = a credential (core/message/credential.h)
 */
#ifndef TRIVET_CORE_MESSAGE_PSP_H
#define TRIVET_CORE_MESSAGE_PSP_H

#include "base/buffer.h"
#include "base/encoding.h"
#include "base/slice.h"
#include "core/limits.h"
#include "core/reason.h"
#include "trivet/status.h"

/* Texts exactly as received. */
struct trivet_psp_request {
    char certificate[TRIVET_MAX_PSP_CERTIFICATE];
    size_t certificate_len;
    char chain[TRIVET_MAX_PSP_CHAIN];
    size_t chain_len;
    char signature[TRIVET_BASE64_LEN(TRIVET_MAX_SIGNATURE)];
    size_t signature_len;
};

/* data is NULL when memory ran out, or a text is not UTF-8. */
struct trivet_buffer trivet_psp_request_write(struct trivet_slice certificate,
    struct trivet_slice chain, struct trivet_slice signature);

/* On a complaint, *out holds nothing of use. */
TRIVET_MUST_USE struct trivet_complaint trivet_psp_request_read(
    struct trivet_slice body, struct trivet_psp_request *out);

#endif
