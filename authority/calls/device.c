/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device.c - registering a device, what an API key is bound to by that, and
 * which devices there are
 *
 * Permitted addresses belong to the API key. Its first device binds it: to the
 * addresses that the call names, to the caller's own when it names none, or to
 * none at all when one of them is "*" (wildcard=off: then to the caller's own,
 * too). From then on addresses are added through the permitted IP calls only: a
 * later device may name no address that the key does not permit already. What
 * "*" does in a later call, the switch wildcard says: all addresses become
 * permitted (on), or the key stays as it is (first, off).
 *
 * A key and an installation have so many devices at most (core/limits.h): some
 * look-ups visit each device of an installation.
 */
#include "authority/calls/device.h"

#include "core/message/id.h"
#include "core/message/device.h"

#include "authority/calls/api_key.h"
#include "authority/prepared.h"
#include "authority/show.h"
#include "store/noun/api_key.h"
#include "store/noun/device.h"
#include "store/noun/hold.h"
#include "store/noun/permitted_ip.h"

static enum trivet_status
bind_key(struct trivet_case *c, int64_t api_key_id,
    const struct trivet_permitted *permitted)
{
    bool is_switched_off = c->request->profile->wildcard == TRIVET_WILDCARD_OFF;
    bool allow_all = permitted->has_wildcard && !is_switched_off;
    bool is_caller_bound = permitted->has_wildcard && is_switched_off;
    struct trivet_store *store = c->store;

    TRIVET_TRY(trivet_store_api_key_bind(
        store, api_key_id, allow_all, c->now_us, c->err));

    if (permitted->num_addresses == 0 && !permitted->has_wildcard) {
        is_caller_bound = true;
    }
    if (is_caller_bound) {
        return trivet_store_permitted_ip_put(
            store, api_key_id, &c->request->address, c->now_us, c->err);
    }

    for (size_t i = 0; i < permitted->num_addresses; i++) {
        TRIVET_TRY(trivet_store_permitted_ip_put(
            store, api_key_id, &permitted->addresses[i], c->now_us, c->err));
    }

    return TRIVET_OK;
}

/* Whether a bound key permits all addresses that the call names. */
static enum trivet_status
check_bound(struct trivet_case *c, const struct trivet_api_key *key,
    const struct trivet_permitted *permitted, bool *out_is_permitted)
{
    bool is_permitted = true;

    for (size_t i = 0; is_permitted && i < permitted->num_addresses; i++) {
        TRIVET_TRY(trivet_store_permitted_ip_check(c->store, key->id,
            &permitted->addresses[i], &is_permitted, c->err));
    }

    *out_is_permitted = is_permitted;
    return TRIVET_OK;
}

/* A later call with "*", from a permitted address. */
static enum trivet_status
use_wildcard(struct trivet_case *c, const struct trivet_api_key *key,
    const struct trivet_permitted *permitted)
{
    if (!permitted->has_wildcard || key->allows_all_ips
        || c->request->profile->wildcard != TRIVET_WILDCARD_ON)
    {
        return TRIVET_OK;
    }

    return trivet_store_api_key_allow_all_ips(
        c->store, key->id, true, c->now_us, c->err);
}

/* The key's user and the installation are held: nobody adds devices meanwhile.
 */
static enum trivet_status
check_room(
    struct trivet_case *c, int64_t api_key_id, enum trivet_reason *out_reason)
{
    struct trivet_device_counts counts;

    TRIVET_TRY(trivet_store_device_count(
        c->store, c->installation.id, api_key_id, &counts, c->err));

    *out_reason = TRIVET_REASON_NONE;
    if (counts.num_of_key >= TRIVET_MAX_KEY_DEVICES) {
        *out_reason = TRIVET_REASON_KEY_DEVICES_FULL;
    } else if (counts.num_of_installation >= TRIVET_MAX_INSTALLATION_DEVICES) {
        *out_reason = TRIVET_REASON_INSTALLATION_DEVICES_FULL;
    }

    return TRIVET_OK;
}

static enum trivet_status
put_device(struct trivet_case *c, const struct trivet_api_key *key,
    const struct trivet_device_request *request)
{
    struct trivet_new_device made = {
        .installation_id = c->installation.id,
        .api_key_id = key->id,
        .description = request->description,
        .address = c->request->address,
    };
    enum trivet_reason reason;
    enum trivet_status status;
    int64_t id;

    TRIVET_TRY(check_room(c, key->id, &reason));
    if (reason != TRIVET_REASON_NONE) {
        return trivet_case_refuse(c, reason, NULL);
    }

    status = trivet_store_device_put(c->store, &made, c->now_us, &id, c->err);

    /* Since its token was looked up, it was pruned. */
    if (status == TRIVET_E_NOT_FOUND) {
        return trivet_case_refuse(c, TRIVET_REASON_TOKEN_UNKNOWN, NULL);
    }
    if (status != TRIVET_OK) {
        return status;
    }

    c->answer->identity.device_id = id;
    return trivet_case_answer(c, trivet_id_answer_write(id));
}

/* Whether the switch ipv6 allows each address of the list. */
static bool
fits_family(
    const struct trivet_case *c, const struct trivet_permitted *permitted)
{
    for (size_t i = 0; i < permitted->num_addresses; i++) {
        if (!trivet_case_takes_address(c, &permitted->addresses[i])) {
            return false;
        }
    }

    return true;
}

enum trivet_status
trivet_prepare_device(struct trivet_case *c)
{
    struct trivet_device_request *request = &c->prepared->device;
    struct trivet_complaint complaint =
        trivet_device_request_read(c->request->body, request);

    if (complaint.reason != TRIVET_REASON_NONE) {
        return trivet_case_refuse(c, complaint.reason, complaint.field);
    }

    if (!fits_family(c, &request->permitted)) {
        return trivet_case_refuse(
            c, TRIVET_REASON_PERMITTED_IP_IPV6, "permitted_ips");
    }

    return trivet_case_prepare_key(c, &request->api_key);
}

enum trivet_status
trivet_write_device(struct trivet_case *c)
{
    const struct trivet_device_request *request = &c->prepared->device;
    struct trivet_api_key_facts facts;
    struct trivet_api_key key;
    enum trivet_reason reason;
    bool is_permitted;

    TRIVET_TRY(trivet_store_hold_user_of_digest(
        c->store, c->prepared->key_digest, c->err));
    TRIVET_TRY(
        trivet_store_hold_installation(c->store, c->installation.id, c->err));
    TRIVET_TRY(trivet_case_find_key(c, &key, &facts));

    reason = trivet_decide_device(&facts, c->now_us);
    if (reason != TRIVET_REASON_NONE) {
        return trivet_case_refuse(c, reason, NULL);
    }

    if (!key.is_bound) {
        TRIVET_TRY(bind_key(c, key.id, &request->permitted));
        return put_device(c, &key, request);
    }

    TRIVET_TRY(check_bound(c, &key, &request->permitted, &is_permitted));
    if (!is_permitted) {
        return trivet_case_refuse(c, TRIVET_REASON_PERMITTED_IPS_FIXED, NULL);
    }

    TRIVET_TRY(use_wildcard(c, &key, &request->permitted));
    return put_device(c, &key, request);
}

/* ---- showing ----------------------------------------------------------- */

static void
add_device(void *user, const struct trivet_device *device)
{
    trivet_list_add_device(user, device);
}

/* A session sees the devices of its user; an installation's token knows no
 * user, and sees those of the installation. */
static enum trivet_status
fetch_devices(struct trivet_case *c, const struct trivet_page *page,
    struct trivet_list *list, struct trivet_page_seen *seen)
{
    struct trivet_store *store = c->store;

    if (c->session.id != 0) {
        return trivet_store_device_page_of_user(
            store, c->session.user_id, page, add_device, list, seen, c->err);
    }

    return trivet_store_device_page_of_installation(
        store, c->installation.id, page, add_device, list, seen, c->err);
}

enum trivet_status
trivet_handle_device_list(struct trivet_case *c)
{
    return trivet_case_show_page(c, fetch_devices);
}

enum trivet_status
trivet_handle_device_one(struct trivet_case *c)
{
    return trivet_case_show_one(c, c->request->path_ids[0],
        TRIVET_REASON_DEVICE_NOT_FOUND, fetch_devices);
}
