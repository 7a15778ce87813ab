/* SPDX-License-Identifier: Apache-2.0 */
/* psp.c - POST payment-service-provider-credential: a certificate for an API
 * key */
#include "core/message/psp.h"

#include "core/message/fields.h"
#include "core/message/text.h"

static json_t *
text_of(struct trivet_slice text)
{
    const char *bytes = text.len == 0 ? "" : (const char *) text.data;

    return json_stringn(bytes, text.len);
}

struct trivet_buffer
trivet_psp_request_write(struct trivet_slice certificate,
    struct trivet_slice chain, struct trivet_slice signature)
{
    return trivet_message_write_request(json_pack("{s:o, s:o, s:o}",
        "client_payment_service_provider_certificate", text_of(certificate),
        "client_payment_service_provider_certificate_chain", text_of(chain),
        "client_public_key_signature", text_of(signature)));
}

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
