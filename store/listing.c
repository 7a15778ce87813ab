/* SPDX-License-Identifier: Apache-2.0 */
/* listing.c - the nouns of the store, all of them, for the operator */
#include "store/listing.h"

#include "store/internal.h"

/* The caller's function and what it wants handed back. One member is set. */
struct listing {
    trivet_server_key_fn on_server_key;
    trivet_server_key_use_fn on_use;
    trivet_user_fn on_user;
    trivet_api_key_fn on_api_key;
    trivet_device_fn on_device;
    trivet_session_fn on_session;
    trivet_address_fn on_address;
    trivet_public_key_fn on_key;
    void *user;
};

/* An empty list is a list. */
static enum trivet_status
run_list(struct trivet_store *store, enum trivet_statement statement,
    const struct trivet_value *params, size_t num_params, trivet_row_fn on_row,
    struct listing *listing, struct trivet_error *err)
{
    enum trivet_status status = trivet_store_run(
        store, statement, params, num_params, on_row, listing, err);

    return status == TRIVET_E_NOT_FOUND ? TRIVET_OK : status;
}

static void
give_server_key(void *opaque, const struct trivet_value *columns)
{
    const struct listing *listing = opaque;
    struct trivet_server_key_row row;

    trivet_columns_server_key(columns, &row);
    listing->on_server_key(listing->user, &row);
}

enum trivet_status
trivet_store_server_key_list(struct trivet_store *store, int64_t now_us,
    trivet_server_key_fn on_row, void *user, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(now_us)};
    struct listing listing = {.on_server_key = on_row, .user = user};

    return run_list(store, TRIVET_SQL_SERVER_KEY_LIST, params, 1,
        give_server_key, &listing, err);
}

static void
give_use(void *opaque, const struct trivet_value *columns)
{
    const struct listing *listing = opaque;
    struct trivet_server_key_use row = {
        .installation_id = columns[0].integer,
        .installed_us = columns[1].integer,
        .device_id = columns[3].integer,
        .user_id = columns[5].integer,
        .num_sessions = columns[7].integer,
    };

    trivet_column_address(&columns[2], &row.address);
    trivet_column_text(&columns[4], row.description, sizeof row.description);
    trivet_column_text(&columns[6], row.user_name, sizeof row.user_name);
    listing->on_use(listing->user, &row);
}

enum trivet_status
trivet_store_server_key_use_list(struct trivet_store *store, int64_t id,
    int64_t now_us, trivet_server_key_use_fn on_row, void *user,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(now_us)};
    struct listing listing = {.on_use = on_row, .user = user};

    return run_list(store, TRIVET_SQL_SERVER_KEY_USE_LIST, params, 2, give_use,
        &listing, err);
}

static void
give_user(void *opaque, const struct trivet_value *columns)
{
    const struct listing *listing = opaque;
    struct trivet_user row;

    trivet_columns_user(columns, &row);
    listing->on_user(listing->user, &row);
}

enum trivet_status
trivet_store_user_list(struct trivet_store *store, trivet_user_fn on_row,
    void *user, struct trivet_error *err)
{
    struct listing listing = {.on_user = on_row, .user = user};

    return run_list(
        store, TRIVET_SQL_USER_LIST, NULL, 0, give_user, &listing, err);
}

static void
give_api_key(void *opaque, const struct trivet_value *columns)
{
    const struct listing *listing = opaque;
    struct trivet_api_key_row row = {
        .id = columns[0].integer,
        .created_us = columns[1].integer,
        .user_id = columns[2].integer,
        .expires_us = columns[5].integer,
        .bound_us = columns[6].integer,
        .revoked_us = columns[7].integer,
        .allows_all_ips = columns[8].integer != 0,
    };

    trivet_column_text(&columns[3], row.user_name, sizeof row.user_name);
    trivet_column_text(&columns[4], row.label, sizeof row.label);
    listing->on_api_key(listing->user, &row);
}

enum trivet_status
trivet_store_api_key_list(struct trivet_store *store, trivet_api_key_fn on_row,
    void *user, struct trivet_error *err)
{
    struct listing listing = {.on_api_key = on_row, .user = user};

    return run_list(
        store, TRIVET_SQL_API_KEY_LIST, NULL, 0, give_api_key, &listing, err);
}

static void
give_address(void *opaque, const struct trivet_value *columns)
{
    const struct listing *listing = opaque;
    struct trivet_address address;

    trivet_column_address(&columns[0], &address);
    listing->on_address(listing->user, &address);
}

enum trivet_status
trivet_store_permitted_ip_list(struct trivet_store *store, int64_t api_key_id,
    trivet_address_fn on_row, void *user, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(api_key_id)};
    struct listing listing = {.on_address = on_row, .user = user};

    return run_list(store, TRIVET_SQL_PERMITTED_IP_LIST, params, 1,
        give_address, &listing, err);
}

static void
give_device(void *opaque, const struct trivet_value *columns)
{
    const struct listing *listing = opaque;
    struct trivet_device_row row = {
        .id = columns[0].integer,
        .created_us = columns[1].integer,
        .installation_id = columns[2].integer,
        .api_key_id = columns[3].integer,
        .user_id = columns[4].integer,
    };

    trivet_column_text(&columns[5], row.description, sizeof row.description);
    trivet_column_address(&columns[6], &row.address);
    listing->on_device(listing->user, &row);
}

enum trivet_status
trivet_store_device_list(struct trivet_store *store, trivet_device_fn on_row,
    void *user, struct trivet_error *err)
{
    struct listing listing = {.on_device = on_row, .user = user};

    return run_list(
        store, TRIVET_SQL_DEVICE_LIST, NULL, 0, give_device, &listing, err);
}

static void
give_session(void *opaque, const struct trivet_value *columns)
{
    const struct listing *listing = opaque;
    struct trivet_session_row row = {
        .id = columns[0].integer,
        .created_us = columns[1].integer,
        .expiry.anchored_us = columns[2].integer,
        .ended_us = columns[3].integer,
        .expiry.timeout_s = columns[4].integer,
        .device_id = columns[5].integer,
        .api_key_id = columns[6].integer,
        .user_id = columns[7].integer,
        .is_key_revoked = columns[9].kind != TRIVET_VALUE_NULL,
    };

    trivet_column_text(&columns[8], row.user_name, sizeof row.user_name);
    listing->on_session(listing->user, &row);
}

enum trivet_status
trivet_store_session_list(struct trivet_store *store, trivet_session_fn on_row,
    void *user, struct trivet_error *err)
{
    struct listing listing = {.on_session = on_row, .user = user};

    return run_list(
        store, TRIVET_SQL_SESSION_LIST, NULL, 0, give_session, &listing, err);
}

static void
give_key(void *opaque, const struct trivet_value *columns)
{
    const struct listing *listing = opaque;
    struct trivet_public_key key;

    trivet_column_key(&columns[0], &key);
    listing->on_key(listing->user, &key);
}

enum trivet_status
trivet_store_newest_keys(struct trivet_store *store, int64_t but_id,
    int64_t num, trivet_public_key_fn on_row, void *user,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(but_id), trivet_value_integer(num)};
    struct listing listing = {.on_key = on_row, .user = user};

    return run_list(store, TRIVET_SQL_INSTALLATION_NEWEST_KEYS, params, 2,
        give_key, &listing, err);
}
