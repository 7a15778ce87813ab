/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages.h - the nouns of the store as their owners see them, page by page
 *
 * Each calls on_row once a row, the newest first; the row lives until it
 * returns. *seen is filled. Blocks. An empty page is not a failure. One item
 * is a page of its own (trivet_page_of).
 */
#ifndef TRIVET_STORE_PAGES_H
#define TRIVET_STORE_PAGES_H

#include "core/credential.h"
#include "core/device.h"
#include "core/page.h"
#include "store/store.h"

typedef void (*trivet_device_item_fn)(
    void *user, const struct trivet_device *device);
typedef void (*trivet_credential_item_fn)(
    void *user, const struct trivet_credential *credential);
typedef void (*trivet_permitted_ip_item_fn)(
    void *user, const struct trivet_permitted_ip *ip);

/* The devices with the user's API keys. */
TRIVET_MUST_USE enum trivet_status trivet_store_user_devices(
    struct trivet_store *store, int64_t user_id, const struct trivet_page *page,
    trivet_device_item_fn on_row, void *user, struct trivet_page_seen *seen,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_installation_devices(
    struct trivet_store *store, int64_t installation_id,
    const struct trivet_page *page, trivet_device_item_fn on_row, void *user,
    struct trivet_page_seen *seen, struct trivet_error *err);

/* The user's API keys. */
TRIVET_MUST_USE enum trivet_status trivet_store_credentials(
    struct trivet_store *store, int64_t user_id, const struct trivet_page *page,
    trivet_credential_item_fn on_row, void *user, struct trivet_page_seen *seen,
    struct trivet_error *err);

/* The addresses of an API key, active or not. */
TRIVET_MUST_USE enum trivet_status trivet_store_permitted_ips(
    struct trivet_store *store, int64_t api_key_id,
    const struct trivet_page *page, trivet_permitted_ip_item_fn on_row,
    void *user, struct trivet_page_seen *seen, struct trivet_error *err);

#endif
