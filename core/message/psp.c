/* SPDX-License-Identifier: Apache-2.0 */
/* psp.c - POST payment-service-provider-credential: a certificate for an API
 * key */
#include "core/message/psp.h"

#include "core/message/fields.h"

static struct trivet_complaint
read_fields(const json_t *root, struct trivet_psp_request *out)
{
    struct trivet_complaint complaint =
        trivet_fields_copy(root, "client_payment_service_provider_certificate",
            out->certificate, sizeof out->certificate, &out->certificate_len);

    if (complaint.reason != TRIVET_REASON_NONE) {
        return complaint;
    }

    complaint = trivet_fields_copy(root,
        "client_payment_service_provider_certificate_chain", out->chain,
        sizeof out->chain, &out->chain_len);
    if (complaint.reason != TRIVET_REASON_NONE) {
        return complaint;
    }

    return trivet_fields_copy(root, "client_public_key_signature",
        out->signature, sizeof out->signature, &out->signature_len);
}

struct trivet_complaint
trivet_psp_request_read(
    struct trivet_slice body, struct trivet_psp_request *out)
{
    struct trivet_complaint complaint;
    json_t *root = trivet_fields_load(body, &complaint);

    if (root != NULL) {
        complaint = read_fields(root, out);
        json_decref(root);
    }

    return complaint;
}
