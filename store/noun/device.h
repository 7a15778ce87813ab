/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device.h - devices: an API key, used by one installation
 *
 * Failures and threads: as store.h.
 */
#ifndef TRIVET_STORE_NOUN_DEVICE_H
#define TRIVET_STORE_NOUN_DEVICE_H

#include "core/device.h"
#include "core/page.h"
#include "store/store.h"

struct trivet_new_device {
    int64_t installation_id;
    int64_t api_key_id;
    const char *description;
    struct trivet_address address;
};

/* How many devices there are of an installation, and with an API key (of any
 * installation); no more than the maxima in core/limits.h are counted. */
struct trivet_device_counts {
    int64_t num_of_installation;
    int64_t num_of_key;
};

/* Called once a row; the row lives until it returns. */
typedef void (*trivet_device_fn)(
    void *user, const struct trivet_device *device);

/* TRIVET_E_NOT_FOUND: the installation was pruned meanwhile
 * (store/noun/prune.h); it is not, once it has a device. */
TRIVET_MUST_USE enum trivet_status trivet_store_device_put(
    struct trivet_store *store, const struct trivet_new_device *made,
    int64_t now_us, int64_t *out_id, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_device_count(
    struct trivet_store *store, int64_t installation_id, int64_t api_key_id,
    struct trivet_device_counts *out, struct trivet_error *err);

/* All, in the order of ids. */
TRIVET_MUST_USE enum trivet_status trivet_store_device_list(
    struct trivet_store *store, trivet_device_fn on_row, void *user,
    struct trivet_error *err);
/* By description or id, of a user, of an API key (store/search.h). */
struct trivet_search;
TRIVET_MUST_USE enum trivet_status trivet_store_device_search(
    struct trivet_store *store, const struct trivet_search *search,
    trivet_device_fn on_row, void *user, struct trivet_error *err);
/* Those with the user's API keys, newest first. */
TRIVET_MUST_USE enum trivet_status trivet_store_device_page_of_user(
    struct trivet_store *store, int64_t user_id, const struct trivet_page *page,
    trivet_device_fn on_row, void *user, struct trivet_page_seen *seen,
    struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_device_page_of_installation(
    struct trivet_store *store, int64_t installation_id,
    const struct trivet_page *page, trivet_device_fn on_row, void *user,
    struct trivet_page_seen *seen, struct trivet_error *err);

#endif
