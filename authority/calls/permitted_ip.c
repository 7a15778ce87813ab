/* SPDX-License-Identifier: Apache-2.0 */
/*
 * permitted_ip.c - from where the caller's API keys may be used
 *
 *   /v1/user/{own}/credential-password-ip/{own}/ip[/{id}]
 *
 * An address is added once: adding it again changes its status and keeps its
 * id. It is never taken away, only made INACTIVE, and counts from the next
 * request on. Whoever takes away their own address has locked themselves out;
 * so it is at bunq.
 */
#include "authority/calls/permitted_ip.h"

#include "core/message/id.h"
#include "core/message/permitted_ip.h"

#include "authority/show.h"
#include "store/noun/api_key.h"
#include "store/noun/hold.h"
#include "store/noun/permitted_ip.h"

/* ---- what the path names ----------------------------------------------- */

static void
keep_api_key(void *user, const struct trivet_api_key_view *api_key)
{
    *(struct trivet_api_key_view *) user = *api_key;
}

static void
keep_ip(void *user, const struct trivet_permitted_ip *ip)
{
    *(struct trivet_permitted_ip *) user = *ip;
}

/* Finds the caller's API key that the path names. *out_is_found is false when
 * the case was refused instead. */
static enum trivet_status
find_api_key(
    struct trivet_case *c, struct trivet_api_key_view *out, bool *out_is_found)
{
    long long id = c->request->path_ids[1];
    struct trivet_page page = trivet_page_of(id);
    struct trivet_page_seen seen;

    *out_is_found = false;
    if (!trivet_case_is_own(c)) {
        return trivet_case_refuse_user(c);
    }

    TRIVET_TRY(trivet_store_api_key_page(
        c->store, c->session.user_id, &page, keep_api_key, out, &seen, c->err));

    *out_is_found = seen.first_id != 0;
    if (!*out_is_found) {
        return trivet_case_refuse_id(c, TRIVET_REASON_CREDENTIAL_NOT_FOUND, id);
    }

    return TRIVET_OK;
}

/* The same for a change: the key must be in use. */
static enum trivet_status
find_active_api_key(
    struct trivet_case *c, struct trivet_api_key_view *out, bool *out_is_found)
{
    TRIVET_TRY(trivet_store_hold_user(c->store, c->session.user_id, c->err));
    TRIVET_TRY(find_api_key(c, out, out_is_found));

    if (!*out_is_found || out->status == TRIVET_API_KEY_ACTIVE) {
        return TRIVET_OK;
    }

    *out_is_found = false;
    return trivet_case_refuse(c, TRIVET_REASON_CREDENTIAL_NOT_ACTIVE, NULL);
}

/* ---- showing ----------------------------------------------------------- */

static void
add_ip(void *user, const struct trivet_permitted_ip *ip)
{
    trivet_list_add_permitted_ip(user, ip);
}

static enum trivet_status
fetch_ips(struct trivet_case *c, const struct trivet_page *page,
    struct trivet_list *list, struct trivet_page_seen *seen)
{
    return trivet_store_permitted_ip_page(
        c->store, c->request->path_ids[1], page, add_ip, list, seen, c->err);
}

enum trivet_status
trivet_handle_permitted_ip_list(struct trivet_case *c)
{
    struct trivet_api_key_view api_key;
    bool is_found;

    TRIVET_TRY(find_api_key(c, &api_key, &is_found));

    return is_found ? trivet_case_show_page(c, fetch_ips) : TRIVET_OK;
}

enum trivet_status
trivet_handle_permitted_ip(struct trivet_case *c)
{
    struct trivet_api_key_view api_key;
    bool is_found;

    TRIVET_TRY(find_api_key(c, &api_key, &is_found));
    if (!is_found) {
        return TRIVET_OK;
    }

    return trivet_case_show_one(c, c->request->path_ids[2],
        TRIVET_REASON_PERMITTED_IP_NOT_FOUND, fetch_ips);
}

/* ---- changing ---------------------------------------------------------- */

static struct trivet_complaint
read_request(struct trivet_case *c)
{
    struct trivet_permitted_ip_request *request = &c->prepared->permitted_ip;
    struct trivet_complaint complaint =
        trivet_permitted_ip_request_read(c->request->body, request);

    if (complaint.reason == TRIVET_REASON_NONE && request->has_address
        && !trivet_case_takes_address(c, &request->address))
    {
        complaint.reason = TRIVET_REASON_PERMITTED_IP_IPV6;
        complaint.field = "ip";
    }

    return complaint;
}

static enum trivet_status
set_and_answer(struct trivet_case *c, int64_t api_key_id,
    const struct trivet_address *address, bool is_active)
{
    int64_t id;

    TRIVET_TRY(trivet_store_permitted_ip_set(
        c->store, api_key_id, address, is_active, c->now_us, &id, c->err));

    return trivet_case_answer(c, trivet_id_answer_write(id));
}

enum trivet_status
trivet_prepare_permitted_ip_post(struct trivet_case *c)
{
    struct trivet_complaint complaint = read_request(c);

    if (complaint.reason != TRIVET_REASON_NONE) {
        return trivet_case_refuse(c, complaint.reason, complaint.field);
    }

    return c->prepared->permitted_ip.has_address
               ? TRIVET_OK
               : trivet_case_refuse(c, TRIVET_REASON_FIELD_MISSING, "ip");
}

enum trivet_status
trivet_write_permitted_ip_post(struct trivet_case *c)
{
    const struct trivet_permitted_ip_request *request =
        &c->prepared->permitted_ip;
    struct trivet_api_key_view api_key;
    bool is_found;
    int64_t num_others;

    TRIVET_TRY(find_active_api_key(c, &api_key, &is_found));
    if (!is_found) {
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_store_permitted_ip_count_others(
        c->store, api_key.id, &request->address, &num_others, c->err));
    if (num_others >= TRIVET_MAX_PERMITTED_IPS) {
        return trivet_case_refuse(c, TRIVET_REASON_PERMITTED_IPS_FULL, NULL);
    }

    return set_and_answer(c, api_key.id, &request->address,
        !request->has_status || request->is_active);
}

/* The entry that the path names, whose key is known to be the caller's. */
static enum trivet_status
change_ip(struct trivet_case *c, int64_t api_key_id,
    const struct trivet_permitted_ip_request *request)
{
    long long id = c->request->path_ids[2];
    struct trivet_page page = trivet_page_of(id);
    struct trivet_page_seen seen;
    struct trivet_permitted_ip ip;

    TRIVET_TRY(trivet_store_permitted_ip_page(
        c->store, api_key_id, &page, keep_ip, &ip, &seen, c->err));

    if (seen.first_id == 0) {
        return trivet_case_refuse_id(
            c, TRIVET_REASON_PERMITTED_IP_NOT_FOUND, id);
    }
    if (request->has_address
        && !trivet_address_equal(&request->address, &ip.address))
    {
        return trivet_case_refuse(c, TRIVET_REASON_PERMITTED_IP_CHANGED, NULL);
    }

    return set_and_answer(c, api_key_id, &ip.address, request->is_active);
}

enum trivet_status
trivet_prepare_permitted_ip_put(struct trivet_case *c)
{
    struct trivet_complaint complaint = read_request(c);

    if (complaint.reason != TRIVET_REASON_NONE) {
        return trivet_case_refuse(c, complaint.reason, complaint.field);
    }

    return c->prepared->permitted_ip.has_status
               ? TRIVET_OK
               : trivet_case_refuse(c, TRIVET_REASON_FIELD_MISSING, "status");
}

enum trivet_status
trivet_write_permitted_ip_put(struct trivet_case *c)
{
    struct trivet_api_key_view api_key;
    bool is_found;

    TRIVET_TRY(find_active_api_key(c, &api_key, &is_found));
    if (!is_found) {
        return TRIVET_OK;
    }

    return change_ip(c, api_key.id, &c->prepared->permitted_ip);
}
