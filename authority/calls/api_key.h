/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_key.h - the caller's API keys (credential-password-ip), and what is known
 * of the API key that a call carries
 *
 * Handlers: authority/call.h says what they do.
 */
#ifndef TRIVET_AUTHORITY_CALLS_API_KEY_H
#define TRIVET_AUTHORITY_CALLS_API_KEY_H

#include "authority/case.h"
#include "store/noun/api_key.h"

enum trivet_status trivet_handle_api_key_list(struct trivet_case *c);
enum trivet_status trivet_handle_api_key(struct trivet_case *c);

/* What is known of the API key that the call brings (trivet_case_prepare_key
 * comes first), for core/decide.h; the key's row in *out when it is known. */
TRIVET_MUST_USE enum trivet_status trivet_case_find_key(struct trivet_case *c,
    struct trivet_api_key *out, struct trivet_api_key_facts *facts);

#endif
