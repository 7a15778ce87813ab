/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credential.h - an API key as its user sees it
 *
 *   element = {"CredentialPasswordIp":{"id":.., "created":.., "updated":..,
 *              "status":.., "expiry_time":.., "token_value":..,
 *              "permitted_device":{"description":.., "ip":..}}}
 *
 * What is an API key everywhere else is a credential in messages alone.
 */
#ifndef TRIVET_CORE_MESSAGE_CREDENTIAL_H
#define TRIVET_CORE_MESSAGE_CREDENTIAL_H

#include "base/buffer.h"
#include "base/secret.h"
#include "core/api_key.h"

struct trivet_list;

/* secret: the API key in clear, which only the answer that makes it shows (its
 * digest alone is kept); NULL: null. */
struct trivet_buffer trivet_credential_answer_write(
    const struct trivet_api_key_view *credential, const char *secret);

/* The API key in such an answer. TRIVET_E_MALFORMED: it has none. */
TRIVET_MUST_USE enum trivet_status trivet_credential_answer_read(
    struct trivet_slice answer, struct trivet_secret *out,
    struct trivet_error *err);

void trivet_list_add_credential(
    struct trivet_list *list, const struct trivet_api_key_view *credential);

#endif
