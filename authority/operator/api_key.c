/* SPDX-License-Identifier: Apache-2.0 */
/* api_key.c - what an operator does with API keys */
#include "authority/operator/api_key.h"

#include "authority/operator/user.h"
#include "base/timestamp.h"
#include "core/name.h"
#include "crypto/token.h"
#include "store/noun/api_key.h"
#include "store/noun/hold.h"
#include "store/noun/permitted_ip.h"
#include "store/store.h"

enum trivet_status
trivet_operator_check_label(const char *label, struct trivet_error *err)
{
    if (trivet_name_is_valid(label)) {
        return TRIVET_OK;
    }

    return trivet_error_set(err, TRIVET_E_USAGE, "key.create",
        "a label has at most %d bytes of UTF-8 without control characters",
        TRIVET_MAX_NAME - 1);
}

static enum trivet_status
put(struct trivet_store *store, const struct trivet_api_key_wish *wish,
    int64_t now_us, struct trivet_made_api_key *out, struct trivet_error *err)
{
    unsigned char digest[TRIVET_DIGEST_LEN];
    struct trivet_new_api_key made = {
        .digest = digest,
        .label = wish->label,
        .expires_us = now_us + wish->lifetime_s * TRIVET_US_PER_S,
    };
    enum trivet_status status;

    TRIVET_TRY(trivet_token_digest(trivet_secret_slice(wish->secret), digest));
    TRIVET_TRY(
        trivet_operator_find_user(store, wish->user, now_us, &out->user, err));

    made.user_id = out->user.id;
    status = trivet_store_api_key_put(store, &made, now_us, &out->id, err);
    if (status == TRIVET_E_CONFLICT) {
        return trivet_error_set(
            err, status, "key.create", "that key exists already");
    }

    return status;
}

enum trivet_status
trivet_operator_make_api_key(struct trivet_store *store,
    const struct trivet_api_key_wish *wish, int64_t now_us,
    trivet_api_key_show_fn show, void *data, struct trivet_made_api_key *out,
    bool *out_is_lost, struct trivet_error *err)
{
    enum trivet_status status;

    *out_is_lost = false;
    TRIVET_TRY(trivet_operator_check_label(wish->label, err));
    TRIVET_TRY(trivet_store_begin(store, err));

    status = put(store, wish, now_us, out, err);
    if (status == TRIVET_OK && show != NULL) {
        status = show(data, out, err);
    }
    if (status == TRIVET_OK) {
        status = trivet_store_commit(store, err);
        *out_is_lost = status != TRIVET_OK;
    }
    if (status != TRIVET_OK) {
        trivet_store_rollback(store);
    }

    return status;
}

static enum trivet_status
name_missing(enum trivet_status status, int64_t id, struct trivet_error *err)
{
    if (status == TRIVET_E_NOT_FOUND) {
        return trivet_error_set(
            err, status, "key", "there is no API key %lld", (long long) id);
    }

    return status;
}

enum trivet_status
trivet_operator_revoke_api_key(struct trivet_store *store, int64_t id,
    int64_t now_us, struct trivet_error *err)
{
    enum trivet_status status =
        trivet_store_api_key_revoke(store, id, now_us, err);

    return name_missing(status, id, err);
}

enum trivet_status
trivet_operator_allow_all_ips(struct trivet_store *store, int64_t id,
    bool is_on, int64_t now_us, struct trivet_error *err)
{
    enum trivet_status status =
        trivet_store_api_key_allow_all_ips(store, id, is_on, now_us, err);

    return name_missing(status, id, err);
}

enum trivet_status
trivet_operator_label_api_key(struct trivet_store *store, int64_t id,
    const char *label, int64_t now_us, struct trivet_error *err)
{
    TRIVET_TRY(trivet_operator_check_label(label, err));

    return name_missing(
        trivet_store_api_key_set_label(store, id, label, now_us, err), id, err);
}

/* A new address has to have room. */
enum trivet_status
trivet_operator_set_ip(struct trivet_store *store, int64_t id,
    const struct trivet_address *address, bool is_active, int64_t now_us,
    struct trivet_error *err)
{
    int64_t num_others;
    int64_t ip_id;
    bool is_there;

    TRIVET_TRY(trivet_store_hold_user_of_key(store, id, err));
    TRIVET_TRY(name_missing(
        trivet_store_permitted_ip_check(store, id, address, &is_there, err), id,
        err));
    TRIVET_TRY(trivet_store_permitted_ip_count_others(
        store, id, address, &num_others, err));

    if (num_others >= TRIVET_MAX_PERMITTED_IPS) {
        return trivet_error_set(err, TRIVET_E_LIMIT, "key.ip",
            "a key has at most %d addresses", TRIVET_MAX_PERMITTED_IPS);
    }

    return trivet_store_permitted_ip_set(
        store, id, address, is_active, now_us, &ip_id, err);
}
