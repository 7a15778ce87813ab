/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prepared.h - what several calls that write make ready for the write
 *
 * For the handlers in authority/calls/. Cryptography and randomness: nobody
 * waits for it.
 */
#ifndef TRIVET_AUTHORITY_PREPARED_H
#define TRIVET_AUTHORITY_PREPARED_H

#include "authority/case.h"

/* Into c->prepared: a new token and its digest; a new user's UUID; the digest
 * of the API key that the call brings. */
TRIVET_MUST_USE enum trivet_status trivet_case_prepare_token(
    struct trivet_case *c);
TRIVET_MUST_USE enum trivet_status trivet_case_prepare_uuid(
    struct trivet_case *c);
TRIVET_MUST_USE enum trivet_status trivet_case_prepare_key(
    struct trivet_case *c, const struct trivet_secret *secret);

#endif
