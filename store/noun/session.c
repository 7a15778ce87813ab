/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - devices and sessions: put, find, change */
#include "store/internal.h"

#include "base/timestamp.h"

static void
read_counts(void *opaque, const struct trivet_value *columns)
{
    struct trivet_device_counts *out = opaque;

    out->num_of_installation = columns[0].integer;
    out->num_of_key = columns[1].integer;
}

enum trivet_status
trivet_store_device_count(struct trivet_store *store, int64_t installation_id,
    int64_t api_key_id, struct trivet_device_counts *out,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(installation_id),
        trivet_value_integer(api_key_id),
        trivet_value_integer(TRIVET_MAX_INSTALLATION_DEVICES),
        trivet_value_integer(TRIVET_MAX_KEY_DEVICES)};

    return RUN(store, TRIVET_SQL_DEVICE_COUNT, params, read_counts, out, err);
}

static enum trivet_status
put_device(struct trivet_store *store, const struct trivet_new_device *made,
    int64_t now_us, int64_t *out_id, struct trivet_error *err)
{
    const struct trivet_value registered[] = {
        trivet_value_integer(made->installation_id),
        trivet_value_integer(now_us)};
    const struct trivet_value params[] = {trivet_value_integer(now_us),
        trivet_value_integer(made->installation_id),
        trivet_value_integer(made->api_key_id),
        trivet_value_cstring(made->description),
        trivet_value_address(&made->address)};

    struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_DEVICE_CREATED,
        .api_key_id = made->api_key_id,
        .installation_id = made->installation_id,
    };
    int64_t id;

    TRIVET_TRY(RUN_FOR_ID(
        store, TRIVET_SQL_INSTALLATION_REGISTER, registered, &id, err));
    TRIVET_TRY(CHANGE(store, TRIVET_SQL_DEVICE_PUT, params, &entry.device_id,
        &entry, now_us, err));

    *out_id = entry.device_id;
    return TRIVET_OK;
}

enum trivet_status
trivet_store_device_put(struct trivet_store *store,
    const struct trivet_new_device *made, int64_t now_us, int64_t *out_id,
    struct trivet_error *err)
{
    enum trivet_status status;
    bool is_own;
    int64_t id;

    TRIVET_TRY(trivet_store_enter(store, &is_own, err));
    status = put_device(store, made, now_us, &id, err);
    TRIVET_TRY(trivet_store_leave(store, is_own, status, err));

    *out_id = id;
    return TRIVET_OK;
}

enum trivet_status
trivet_store_session_put(struct trivet_store *store,
    const unsigned char token_digest[TRIVET_DIGEST_LEN], int64_t device_id,
    int64_t now_us, int64_t *out_id, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(now_us),
        trivet_value_digest(token_digest), trivet_value_integer(device_id)};

    struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_SESSION_OPENED, .device_id = device_id};

    TRIVET_TRY(CHANGE(store, TRIVET_SQL_SESSION_PUT, params, &entry.session_id,
        &entry, now_us, err));

    *out_id = entry.session_id;
    return TRIVET_OK;
}

enum trivet_status
trivet_store_session_is_alive(struct trivet_store *store,
    int64_t installation_id, int64_t now_us, bool *out,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(installation_id), trivet_value_integer(now_us)};
    int64_t is_alive;

    TRIVET_TRY(
        RUN_FOR_ID(store, TRIVET_SQL_SESSION_IS_ALIVE, params, &is_alive, err));

    *out = is_alive != 0;
    return TRIVET_OK;
}

enum trivet_status
trivet_store_session_set_timeout(struct trivet_store *store, int64_t id,
    int64_t timeout_s, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(timeout_s)};

    return RUN_FOR_ID(store, TRIVET_SQL_SESSION_SET_TIMEOUT, params, &id, err);
}

static void
read_session(void *opaque, const struct trivet_value *columns)
{
    struct trivet_session *out = opaque;

    out->id = columns[0].integer;
    out->expiry.anchored_us = columns[1].integer;
    out->is_ended = columns[2].kind != TRIVET_VALUE_NULL;
    out->expiry.timeout_s = columns[3].integer;
    out->device_id = columns[4].integer;
    out->installation_id = columns[5].integer;
    out->api_key_id = columns[6].integer;
    out->user_id = columns[7].integer;
    out->is_key_revoked = columns[8].kind != TRIVET_VALUE_NULL;
    trivet_column_key(&columns[9], &out->key);
    out->server_key_id = columns[10].integer;
    out->is_address_permitted = columns[11].integer != 0;
    out->is_server_key_retired = columns[12].kind != TRIVET_VALUE_NULL;
}

enum trivet_status
trivet_store_session_find(struct trivet_store *store,
    const unsigned char token_digest[TRIVET_DIGEST_LEN],
    const struct trivet_address *address, struct trivet_session *out,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_digest(token_digest), trivet_value_address(address)};

    return RUN(store, TRIVET_SQL_SESSION_FIND, params, read_session, out, err);
}

enum trivet_status
trivet_store_session_extend(struct trivet_store *store, int64_t id,
    int64_t anchored_us, int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(anchored_us)};

    const struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_SESSION_EXTENDED, .session_id = id};
    enum trivet_status status = CHANGE(
        store, TRIVET_SQL_SESSION_EXTEND, params, &id, &entry, now_us, err);

    /* Another request moved it as far, or it was ended. */
    return status == TRIVET_E_NOT_FOUND ? TRIVET_OK : status;
}

enum trivet_status
trivet_store_session_end(struct trivet_store *store, int64_t id, int64_t now_us,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(now_us)};

    const struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_SESSION_ENDED, .session_id = id};

    return CHANGE(
        store, TRIVET_SQL_SESSION_END, params, &id, &entry, now_us, err);
}

enum trivet_status
trivet_store_session_count_alive(struct trivet_store *store, int64_t now_us,
    int64_t *out, struct trivet_error *err)
{
    const int64_t longest_us =
        (int64_t) TRIVET_MAX_SESSION_TIMEOUT_S * TRIVET_US_PER_S;
    const struct trivet_value params[] = {
        trivet_value_integer(now_us - longest_us),
        trivet_value_integer(TRIVET_MAX_COUNTED_SESSIONS),
        trivet_value_integer(now_us)};

    return RUN_FOR_ID(store, TRIVET_SQL_SESSION_COUNT_ALIVE, params, out, err);
}
