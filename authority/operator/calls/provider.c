/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider.c - a payment service provider of a sandbox
 *
 * No user is made here: the provider's certificate makes it when it is
 * registered (authority/calls/psp.c), as anybody's does.
 */
#include "authority/operator/calls/calls.h"
#include "authority/operator/json.h"
#include "authority/operator/whole.h"
#include "base/secret.h"
#include "base/timestamp.h"
#include "crypto/psp_sandbox.h"

#define PEM(pem_name, what)                                                    \
    {                                                                          \
        .name = (pem_name), .type = TRIVET_TYPE_TEXT,                          \
        .max = TRIVET_MAX_CERTIFICATE_PEM, .meaning = (what)                   \
    }

const struct trivet_operator_field trivet_provider_fields[] = {
    {.name = "name",
        .type = TRIVET_TYPE_TEXT,
        .max = TRIVET_MAX_NAME,
        .meaning = "the certificate's common name, with the roles in it"},
    PEM("certificate", "as a QSEAL is, in PEM"),
    PEM("chain", "the root that it is by, in PEM"),
    PEM("private_key", "of the certificate, PKCS#8 in PEM; shown this once"),
    {.name = NULL},
};

/* What cannot be told is not audited as made. */
enum trivet_status
trivet_operator_sandbox_provider(struct trivet_operation *operation)
{
    struct trivet_sandbox_psp made;
    enum trivet_status status = trivet_sandbox_psp_make(
        operation->now_us / TRIVET_US_PER_S, &made, operation->err);

    if (status == TRIVET_OK) {
        status = trivet_operation_add(operation,
            json_pack("{s:s, s:s, s:s, s:s}", "name", TRIVET_SANDBOX_PSP_NAME,
                "certificate", made.own.certificate_pem, "chain",
                made.chain_pem, "private_key", made.own.key_pem));
    }
    if (status == TRIVET_OK) {
        status = trivet_operation_audit(
            operation, TRIVET_AUDIT_PROVIDER_MADE, TRIVET_SANDBOX_PSP_NAME);
    }

    trivet_wipe(&made, sizeof made);
    return status;
}
