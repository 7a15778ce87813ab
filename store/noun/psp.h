/* SPDX-License-Identifier: Apache-2.0 */
/*
 * psp.h - which user is a payment service provider
 *
 * A provider is known by a digest of its certificate's subject and issuer
 * (crypto/psp_name.h). Failures and threads: as store.h.
 */
#ifndef TRIVET_STORE_NOUN_PSP_H
#define TRIVET_STORE_NOUN_PSP_H

#include "crypto/digest.h"
#include "store/store.h"

TRIVET_MUST_USE enum trivet_status trivet_store_psp_find(
    struct trivet_store *store, const unsigned char digest[TRIVET_DIGEST_LEN],
    int64_t *out_user_id, struct trivet_error *err);
/* A provider that an earlier version of trivet made, which kept a digest of the
 * shown name alone, and that has not come since. */
TRIVET_MUST_USE enum trivet_status trivet_store_psp_find_by_shown(
    struct trivet_store *store,
    const unsigned char shown_digest[TRIVET_DIGEST_LEN],
    const char *common_name, int64_t *out_user_id, struct trivet_error *err);

/* The user is the provider with that digest from now on. TRIVET_E_AGAIN: the
 * provider became another user's meanwhile, or the user another provider's. */
TRIVET_MUST_USE enum trivet_status trivet_store_psp_put(
    struct trivet_store *store, int64_t user_id,
    const unsigned char digest[TRIVET_DIGEST_LEN],
    const char *distinguished_name, int64_t now_us, struct trivet_error *err);

#endif
