/* SPDX-License-Identifier: Apache-2.0 */
/* records.c - each noun of the store: put, find, change */
#include "store/internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/timestamp.h"

/* ---- server keys ------------------------------------------------------- */

/* CHANGE of a server key, whose number is the row's detail. */
static enum trivet_status
change_server_key(struct trivet_store *store, enum trivet_statement statement,
    const struct trivet_value *params, size_t num_params,
    enum trivet_audit_event event, int64_t now_us, int64_t *out_id,
    struct trivet_error *err)
{
    struct trivet_audit_entry entry = {.event = event};
    enum trivet_status status;
    bool is_own;
    int64_t id;

    TRIVET_TRY(trivet_store_enter(store, &is_own, err));

    status =
        trivet_store_run_for_id(store, statement, params, num_params, &id, err);
    if (status == TRIVET_OK) {
        (void) snprintf(
            entry.detail, sizeof entry.detail, "key %lld", (long long) id);
        status = trivet_store_audit_put(store, &entry, now_us, err);
    }
    TRIVET_TRY(trivet_store_leave(store, is_own, status, err));

    *out_id = id;
    return TRIVET_OK;
}

enum trivet_status
trivet_store_server_key_ensure(struct trivet_store *store,
    const struct trivet_public_key *key, int64_t now_us, int64_t *out_id,
    struct trivet_error *err)
{
    const struct trivet_value find[] = {
        trivet_value_blob(key->der, key->der_len)};
    const struct trivet_value put[] = {trivet_value_integer(now_us),
        trivet_value_blob(key->der, key->der_len)};
    enum trivet_status status =
        RUN_FOR_ID(store, TRIVET_SQL_SERVER_KEY_FIND, find, out_id, err);

    if (status != TRIVET_E_NOT_FOUND) {
        return status;
    }

    status = change_server_key(store, TRIVET_SQL_SERVER_KEY_PUT, put, 2,
        TRIVET_AUDIT_SERVER_KEY_ADDED, now_us, out_id, err);
    if (status != TRIVET_E_CONFLICT) {
        return status;
    }

    /* Another worker was faster. */
    return RUN_FOR_ID(store, TRIVET_SQL_SERVER_KEY_FIND, find, out_id, err);
}

void
trivet_columns_server_key(
    const struct trivet_value *columns, struct trivet_server_key_row *out)
{
    out->id = columns[0].integer;
    out->created_us = columns[1].integer;
    out->is_current = columns[2].integer != 0;
    out->retired_us = columns[3].integer;
    trivet_column_text(&columns[4], out->location, sizeof out->location);
    out->num_installations = columns[5].integer;
    out->num_alive = columns[6].integer;
}

static void
read_server_key(void *opaque, const struct trivet_value *columns)
{
    trivet_columns_server_key(columns, opaque);
}

enum trivet_status
trivet_store_server_key_get(struct trivet_store *store, int64_t id,
    struct trivet_server_key_row *out, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(id)};

    return RUN(
        store, TRIVET_SQL_SERVER_KEY_GET, params, read_server_key, out, err);
}

/* The audit is not told the place: it may be a URI with a PIN in it. */
enum trivet_status
trivet_store_server_key_locate(struct trivet_store *store, int64_t id,
    const char *location, int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_cstring(location)};
    struct trivet_server_key_row row;

    TRIVET_TRY(trivet_store_server_key_get(store, id, &row, err));
    if (strcmp(row.location, location) == 0) {
        return TRIVET_OK;
    }

    TRIVET_TRY(RUN(
        store, TRIVET_SQL_SERVER_KEY_CLEAR_LOCATION, params, NULL, NULL, err));

    return change_server_key(store, TRIVET_SQL_SERVER_KEY_SET_LOCATION, params,
        2, TRIVET_AUDIT_SERVER_KEY_MOVED, now_us, &id, err);
}

enum trivet_status
trivet_store_server_key_make_current(struct trivet_store *store, int64_t id,
    int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(id)};
    struct trivet_server_key_row row;

    TRIVET_TRY(trivet_store_server_key_get(store, id, &row, err));
    if (row.is_current && row.retired_us == 0) {
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_store_run(
        store, TRIVET_SQL_SERVER_KEY_CLEAR_CURRENT, NULL, 0, NULL, NULL, err));

    return change_server_key(store, TRIVET_SQL_SERVER_KEY_SET_CURRENT, params,
        1, TRIVET_AUDIT_SERVER_KEY_CURRENT, now_us, &id, err);
}

enum trivet_status
trivet_store_server_key_retire(struct trivet_store *store, int64_t id,
    int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(now_us)};

    return change_server_key(store, TRIVET_SQL_SERVER_KEY_RETIRE, params, 2,
        TRIVET_AUDIT_SERVER_KEY_RETIRED, now_us, &id, err);
}

enum trivet_status
trivet_store_server_key_drop(struct trivet_store *store, int64_t id,
    int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(id)};
    enum trivet_status status =
        change_server_key(store, TRIVET_SQL_SERVER_KEY_DROP, params, 1,
            TRIVET_AUDIT_SERVER_KEY_DROPPED, now_us, &id, err);

    /* Somebody was given it: it stays. */
    return status == TRIVET_E_NOT_FOUND ? TRIVET_OK : status;
}

/* ---- users ------------------------------------------------------------- */

void
trivet_columns_user(const struct trivet_value *columns, struct trivet_user *out)
{
    out->id = columns[0].integer;
    out->created_us = columns[1].integer;
    out->updated_us = columns[2].integer;
    out->kind = columns[3].integer == TRIVET_USER_COMPANY ? TRIVET_USER_COMPANY
                : columns[3].integer == TRIVET_USER_PSP   ? TRIVET_USER_PSP
                                                          : TRIVET_USER_PERSON;
    trivet_column_text(&columns[4], out->public_uuid, sizeof out->public_uuid);
    trivet_column_text(
        &columns[5], out->display_name, sizeof out->display_name);
    out->session_timeout_s = columns[6].integer;
    trivet_column_text(
        &columns[7], out->distinguished_name, sizeof out->distinguished_name);
}

enum trivet_status
trivet_store_user_put(struct trivet_store *store, struct trivet_user *user,
    int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(now_us),
        trivet_value_integer(user->kind),
        trivet_value_cstring(user->public_uuid),
        trivet_value_cstring(user->display_name),
        trivet_value_integer(user->session_timeout_s)};

    struct trivet_audit_entry entry = {.event = TRIVET_AUDIT_USER_CREATED};

    TRIVET_TRY(CHANGE(store, TRIVET_SQL_USER_PUT, params, &entry.user_id,
        &entry, now_us, err));

    user->id = entry.user_id;
    user->created_us = now_us;
    user->updated_us = now_us;
    return TRIVET_OK;
}

struct found_user {
    struct trivet_user *out;
    size_t num_found;
};

static void
read_user(void *opaque, const struct trivet_value *columns)
{
    struct found_user *found = opaque;

    if (found->num_found++ == 0) {
        trivet_columns_user(columns, found->out);
    }
}

enum trivet_status
trivet_store_user_get(struct trivet_store *store, int64_t id,
    struct trivet_user *out, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(id)};
    struct found_user found = {.out = out};

    return RUN(store, TRIVET_SQL_USER_GET, params, read_user, &found, err);
}

enum trivet_status
trivet_store_user_find(struct trivet_store *store, const char *display_name,
    struct trivet_user *out, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_cstring(display_name),
        trivet_value_integer(TRIVET_USER_PSP)};
    struct trivet_user user;
    struct found_user found = {.out = &user};

    TRIVET_TRY(
        RUN(store, TRIVET_SQL_USER_FIND, params, read_user, &found, err));

    if (found.num_found > 1) {
        return trivet_error_set(err, TRIVET_E_CONFLICT, "store.user_find",
            "%d users have that name; give the id", (int) found.num_found);
    }

    *out = user;
    return TRIVET_OK;
}

static enum trivet_status
set_auto_logout(struct trivet_store *store, int64_t id, int64_t auto_logout_s,
    int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(id),
        trivet_value_integer(auto_logout_s), trivet_value_integer(now_us)};

    struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_AUTO_LOGOUT_CHANGED, .user_id = id};

    const struct trivet_value over[] = {
        trivet_value_integer(id), trivet_value_integer(now_us)};

    (void) snprintf(
        entry.detail, sizeof entry.detail, "%lld s", (long long) auto_logout_s);

    /* A longer life is for the sessions that live: what is over stays over. */
    TRIVET_TRY(
        RUN(store, TRIVET_SQL_SESSION_END_EXPIRED, over, NULL, NULL, err));

    return CHANGE(store, TRIVET_SQL_USER_SET_AUTO_LOGOUT, params, &id, &entry,
        now_us, err);
}

enum trivet_status
trivet_store_user_set_auto_logout(struct trivet_store *store, int64_t id,
    int64_t auto_logout_s, int64_t now_us, struct trivet_error *err)
{
    enum trivet_status status;
    bool is_own;

    TRIVET_TRY(trivet_store_enter(store, &is_own, err));
    status = set_auto_logout(store, id, auto_logout_s, now_us, err);

    return trivet_store_leave(store, is_own, status, err);
}

enum trivet_status
trivet_store_psp_find(struct trivet_store *store,
    const unsigned char digest[TRIVET_DIGEST_LEN], int64_t *out_user_id,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_digest(digest)};

    return RUN_FOR_ID(store, TRIVET_SQL_PSP_FIND, params, out_user_id, err);
}

enum trivet_status
trivet_store_psp_find_by_shown(struct trivet_store *store,
    const unsigned char shown_digest[TRIVET_DIGEST_LEN],
    const char *common_name, int64_t *out_user_id, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_digest(shown_digest), trivet_value_cstring(common_name)};

    return RUN_FOR_ID(
        store, TRIVET_SQL_PSP_FIND_BY_SHOWN, params, out_user_id, err);
}

enum trivet_status
trivet_store_psp_put(struct trivet_store *store, int64_t user_id,
    const unsigned char digest[TRIVET_DIGEST_LEN],
    const char *distinguished_name, int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(user_id),
        trivet_value_digest(digest), trivet_value_cstring(distinguished_name)};
    const struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_USER_CERTIFIED, .user_id = user_id};

    return CHANGE(
        store, TRIVET_SQL_PSP_PUT, params, &user_id, &entry, now_us, err);
}

/* ---- installations ----------------------------------------------------- */

static void
read_signed(void *opaque, const struct trivet_value *columns)
{
    struct trivet_signed_text *out = opaque;

    out->has_digest = columns[0].bytes.len == sizeof out->digest;
    if (out->has_digest) {
        memcpy(out->digest, columns[0].bytes.data, sizeof out->digest);
    }
    trivet_column_text(&columns[1], out->key_text, sizeof out->key_text);
}

enum trivet_status
trivet_store_installation_signed(struct trivet_store *store, int64_t id,
    struct trivet_signed_text *out, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(id)};

    return RUN(
        store, TRIVET_SQL_INSTALLATION_SIGNED, params, read_signed, out, err);
}

static enum trivet_status
put_installation(struct trivet_store *store,
    const struct trivet_new_installation *made, int64_t now_us, int64_t *out_id,
    int64_t *out_token_id, struct trivet_error *err)
{
    const struct trivet_value installation[] = {trivet_value_integer(now_us),
        trivet_value_blob(made->key->der, made->key->der_len),
        trivet_value_digest(made->signed_digest),
        trivet_value_address(&made->address),
        trivet_value_integer(made->server_key_id)};
    struct trivet_value token[2];
    struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_INSTALLATION_CREATED};

    TRIVET_TRY(CHANGE(store, TRIVET_SQL_INSTALLATION_PUT, installation,
        &entry.installation_id, &entry, now_us, err));

    token[0] = trivet_value_integer(entry.installation_id);
    token[1] = trivet_value_digest(made->token_digest);
    TRIVET_TRY(RUN_FOR_ID(
        store, TRIVET_SQL_INSTALLATION_TOKEN_PUT, token, out_token_id, err));

    *out_id = entry.installation_id;
    return TRIVET_OK;
}

enum trivet_status
trivet_store_installation_put(struct trivet_store *store,
    const struct trivet_new_installation *made, int64_t now_us, int64_t *out_id,
    int64_t *out_token_id, struct trivet_error *err)
{
    enum trivet_status status;
    int64_t id;
    int64_t token_id;
    bool is_own;

    TRIVET_TRY(trivet_store_enter(store, &is_own, err));
    status = put_installation(store, made, now_us, &id, &token_id, err);
    TRIVET_TRY(trivet_store_leave(store, is_own, status, err));

    *out_id = id;
    *out_token_id = token_id;
    return TRIVET_OK;
}

static void
read_installation(void *opaque, const struct trivet_value *columns)
{
    struct trivet_installation *out = opaque;

    out->id = columns[0].integer;
    trivet_column_key(&columns[1], &out->key);
    out->server_key_id = columns[2].integer;
    out->is_at_home = columns[3].integer != 0;
    out->is_server_key_retired = columns[4].kind != TRIVET_VALUE_NULL;
}

enum trivet_status
trivet_store_installation_find(struct trivet_store *store,
    const unsigned char token_digest[TRIVET_DIGEST_LEN],
    const struct trivet_address *address, struct trivet_installation *out,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_digest(token_digest), trivet_value_address(address)};

    return RUN(store, TRIVET_SQL_INSTALLATION_FIND, params, read_installation,
        out, err);
}

/* ---- API keys and their permitted IPs ---------------------------------- */

enum trivet_status
trivet_store_api_key_put(struct trivet_store *store,
    const struct trivet_new_api_key *made, int64_t now_us, int64_t *out_id,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(now_us),
        trivet_value_integer(made->user_id), trivet_value_digest(made->digest),
        trivet_value_cstring(made->label),
        trivet_value_integer(made->expires_us)};

    struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_KEY_CREATED, .user_id = made->user_id};

    TRIVET_TRY(CHANGE(store, TRIVET_SQL_API_KEY_PUT, params, &entry.api_key_id,
        &entry, now_us, err));

    *out_id = entry.api_key_id;
    return TRIVET_OK;
}

static void
read_api_key(void *opaque, const struct trivet_value *columns)
{
    struct trivet_api_key *out = opaque;

    out->id = columns[0].integer;
    out->user_id = columns[1].integer;
    out->expires_us = columns[2].integer;
    out->is_bound = columns[3].kind != TRIVET_VALUE_NULL;
    out->is_revoked = columns[4].kind != TRIVET_VALUE_NULL;
    out->allows_all_ips = columns[5].integer != 0;
    out->is_address_permitted = columns[6].integer != 0;
    out->device_id = columns[7].integer;
}

enum trivet_status
trivet_store_api_key_find(struct trivet_store *store,
    const unsigned char digest[TRIVET_DIGEST_LEN],
    const struct trivet_address *address, int64_t installation_id,
    struct trivet_api_key *out, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_digest(digest),
        trivet_value_address(address), trivet_value_integer(installation_id)};

    return RUN(store, TRIVET_SQL_API_KEY_FIND, params, read_api_key, out, err);
}

enum trivet_status
trivet_store_api_key_asked_by(struct trivet_store *store, int64_t id,
    int64_t installation_id, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(installation_id)};

    return RUN_FOR_ID(store, TRIVET_SQL_API_KEY_ASKED_BY, params, &id, err);
}

static void
read_asked_key(void *opaque, const struct trivet_value *columns)
{
    struct trivet_asked_key *out = opaque;

    out->created_us = columns[0].integer;
    out->updated_us = columns[1].integer;
    out->expires_us = columns[2].integer;
    out->is_bound = columns[3].kind != TRIVET_VALUE_NULL;
    out->is_revoked = columns[4].kind != TRIVET_VALUE_NULL;
    out->has_device = columns[5].kind != TRIVET_VALUE_NULL;
    trivet_column_text(&columns[6], out->description, sizeof out->description);
    trivet_column_address(&columns[7], &out->address);
}

enum trivet_status
trivet_store_api_key_asked(struct trivet_store *store, int64_t id,
    int64_t installation_id, struct trivet_asked_key *out,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(installation_id)};

    return RUN(
        store, TRIVET_SQL_API_KEY_ASKED, params, read_asked_key, out, err);
}

enum trivet_status
trivet_store_api_key_open_first(struct trivet_store *store, int64_t id,
    int64_t now_us, bool *out_is_first, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(now_us)};
    enum trivet_status status =
        RUN_FOR_ID(store, TRIVET_SQL_API_KEY_OPEN_FIRST, params, &id, err);

    *out_is_first = status == TRIVET_OK;
    return status == TRIVET_E_NOT_FOUND ? TRIVET_OK : status;
}

enum trivet_status
trivet_store_api_key_bind(struct trivet_store *store, int64_t id,
    bool allow_all_ips, int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(id),
        trivet_value_integer(now_us), trivet_value_integer(allow_all_ips)};

    struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_KEY_BOUND, .api_key_id = id};

    if (allow_all_ips) {
        (void) snprintf(entry.detail, sizeof entry.detail, "any address");
    }

    return CHANGE(
        store, TRIVET_SQL_API_KEY_BIND, params, &id, &entry, now_us, err);
}

enum trivet_status
trivet_store_api_key_revoke(struct trivet_store *store, int64_t id,
    int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(now_us)};

    const struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_KEY_REVOKED, .api_key_id = id};

    return CHANGE(
        store, TRIVET_SQL_API_KEY_REVOKE, params, &id, &entry, now_us, err);
}

enum trivet_status
trivet_store_api_key_allow_all_ips(struct trivet_store *store, int64_t id,
    bool allow, int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(id),
        trivet_value_integer(allow), trivet_value_integer(now_us)};

    const struct trivet_audit_entry entry = {
        .event = allow ? TRIVET_AUDIT_KEY_FREED : TRIVET_AUDIT_KEY_CONFINED,
        .api_key_id = id};

    return CHANGE(store, TRIVET_SQL_API_KEY_ALLOW_ALL_IPS, params, &id, &entry,
        now_us, err);
}

enum trivet_status
trivet_store_permitted_ip_put(struct trivet_store *store, int64_t api_key_id,
    const struct trivet_address *address, int64_t now_us,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(now_us),
        trivet_value_integer(api_key_id), trivet_value_address(address)};

    struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_IP_PERMITTED, .api_key_id = api_key_id};
    int64_t id;

    trivet_address_format(address, entry.detail);

    return CHANGE(
        store, TRIVET_SQL_PERMITTED_IP_PUT, params, &id, &entry, now_us, err);
}

enum trivet_status
trivet_store_permitted_ip_set(struct trivet_store *store, int64_t api_key_id,
    const struct trivet_address *address, bool is_active, int64_t now_us,
    int64_t *out_id, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(now_us),
        trivet_value_integer(api_key_id), trivet_value_address(address),
        trivet_value_integer(is_active)};

    struct trivet_audit_entry entry = {
        .event =
            is_active ? TRIVET_AUDIT_IP_PERMITTED : TRIVET_AUDIT_IP_DISABLED,
        .api_key_id = api_key_id,
    };

    trivet_address_format(address, entry.detail);

    return CHANGE(store, TRIVET_SQL_PERMITTED_IP_SET, params, out_id, &entry,
        now_us, err);
}

enum trivet_status
trivet_store_permitted_ip_count_others(struct trivet_store *store,
    int64_t api_key_id, const struct trivet_address *address, int64_t *out,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(api_key_id), trivet_value_address(address)};

    return RUN_FOR_ID(
        store, TRIVET_SQL_PERMITTED_IP_COUNT_OTHERS, params, out, err);
}

enum trivet_status
trivet_store_permitted_ip_check(struct trivet_store *store, int64_t api_key_id,
    const struct trivet_address *address, bool *out_is_permitted,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(api_key_id), trivet_value_address(address)};
    int64_t is_permitted;

    TRIVET_TRY(RUN_FOR_ID(
        store, TRIVET_SQL_PERMITTED_IP_CHECK, params, &is_permitted, err));

    *out_is_permitted = is_permitted != 0;
    return TRIVET_OK;
}
