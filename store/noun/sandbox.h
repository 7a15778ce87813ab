/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h - whether a sandbox used this store
 *
 * Anybody could make users and open sessions there, and they outlive the
 * sandbox. Failures and threads: as store.h.
 */
#ifndef TRIVET_STORE_NOUN_SANDBOX_H
#define TRIVET_STORE_NOUN_SANDBOX_H

#include "store/store.h"

/* *out: whether a sandbox used it since this was last set to false. */
TRIVET_MUST_USE enum trivet_status trivet_store_sandbox_get(
    struct trivet_store *store, bool *out, struct trivet_error *err);

/* The audit has no row of it. One transaction, or a part of the open one. */
TRIVET_MUST_USE enum trivet_status trivet_store_sandbox_set(
    struct trivet_store *store, bool was_sandbox, struct trivet_error *err);

#endif
