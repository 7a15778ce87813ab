/* SPDX-License-Identifier: Apache-2.0 */
/* reset.h - a sandbox's store as new. Failures and threads: as store.h. */
#ifndef TRIVET_STORE_NOUN_RESET_H
#define TRIVET_STORE_NOUN_RESET_H

#include "store/store.h"

/*
 * Removes all users, API keys, installations, devices and sessions. Their ids
 * are not used again. The server keys stay, and so does the audit log, which
 * has a row for it. now_us: microseconds since 1970, for that row. One
 * transaction, or a part of the open one.
 */
TRIVET_MUST_USE enum trivet_status trivet_store_reset(
    struct trivet_store *store, int64_t now_us, struct trivet_error *err);

#endif
