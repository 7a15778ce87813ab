/* SPDX-License-Identifier: Apache-2.0 */
/*
 * permitted_ip.h - the addresses that an API key may be used from
 *
 * Failures and threads: as store.h.
 */
#ifndef TRIVET_STORE_NOUN_PERMITTED_IP_H
#define TRIVET_STORE_NOUN_PERMITTED_IP_H

#include "core/api_key.h"
#include "core/page.h"
#include "store/store.h"

/* Called once a row; the row lives until it returns. */
typedef void (*trivet_permitted_ip_fn)(
    void *user, const struct trivet_permitted_ip *ip);

/* TRIVET_E_CONFLICT when the key has the address already. */
TRIVET_MUST_USE enum trivet_status trivet_store_permitted_ip_put(
    struct trivet_store *store, int64_t api_key_id,
    const struct trivet_address *address, int64_t now_us,
    struct trivet_error *err);
/* Permits the address or disables it; adds it when the key does not have it. */
TRIVET_MUST_USE enum trivet_status trivet_store_permitted_ip_set(
    struct trivet_store *store, int64_t api_key_id,
    const struct trivet_address *address, bool is_active, int64_t now_us,
    int64_t *out_id, struct trivet_error *err);

TRIVET_MUST_USE enum trivet_status trivet_store_permitted_ip_check(
    struct trivet_store *store, int64_t api_key_id,
    const struct trivet_address *address, bool *out_is_permitted,
    struct trivet_error *err);
/* How many addresses but this one the key has, active or not. */
TRIVET_MUST_USE enum trivet_status trivet_store_permitted_ip_count_others(
    struct trivet_store *store, int64_t api_key_id,
    const struct trivet_address *address, int64_t *out,
    struct trivet_error *err);

/* The active ones, in the order of ids. */
TRIVET_MUST_USE enum trivet_status trivet_store_permitted_ip_list(
    struct trivet_store *store, int64_t api_key_id,
    trivet_permitted_ip_fn on_row, void *user, struct trivet_error *err);
/* Active or not, newest first. */
TRIVET_MUST_USE enum trivet_status trivet_store_permitted_ip_page(
    struct trivet_store *store, int64_t api_key_id,
    const struct trivet_page *page, trivet_permitted_ip_fn on_row, void *user,
    struct trivet_page_seen *seen, struct trivet_error *err);

#endif
