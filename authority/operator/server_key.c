/* SPDX-License-Identifier: Apache-2.0 */
/* server_key.c - what an operator does with the server's keys */
#include "authority/operator/server_key.h"

#include "authority/server_key.h"
#include "store/noun/server_key.h"
#include "store/store.h"

enum trivet_status
trivet_operator_locate_server_key(struct trivet_store *store,
    const char *location, const char *name, int64_t now_us,
    struct trivet_server_key_row *out, struct trivet_error *err)
{
    struct trivet_server_key key;
    enum trivet_status status;
    int64_t id;

    TRIVET_TRY(trivet_server_key_load(location, &key, err));
    status = trivet_store_server_key_ensure(
        store, &key.public_key, now_us, &id, err);
    trivet_server_key_release(&key);
    if (status != TRIVET_OK) {
        return status;
    }

    TRIVET_TRY(trivet_store_server_key_get(store, id, out, err));
    if (out->retired_us != 0) {
        return trivet_error_set(err, TRIVET_E_CONFLICT, "server_key",
            "%s: key %lld is retired", location, (long long) id);
    }

    return trivet_store_server_key_locate(store, id, name, now_us, err);
}

enum trivet_status
trivet_operator_adopt_server_key(struct trivet_store *store,
    const char *location, const char *name, int64_t now_us, int64_t *out_id,
    struct trivet_error *err)
{
    struct trivet_server_key_row row;

    TRIVET_TRY(trivet_operator_locate_server_key(
        store, location, name, now_us, &row, err));
    TRIVET_TRY(
        trivet_store_server_key_make_current(store, row.id, now_us, err));

    *out_id = row.id;
    return TRIVET_OK;
}

static void
keep_current(void *opaque, const struct trivet_server_key_row *row)
{
    if (row->is_current) {
        *(struct trivet_server_key_row *) opaque = *row;
    }
}

enum trivet_status
trivet_operator_current_server_key(struct trivet_store *store, int64_t now_us,
    struct trivet_server_key_row *out, struct trivet_error *err)
{
    out->id = 0;

    return trivet_store_server_key_list(store, now_us, keep_current, out, err);
}

void
trivet_operator_undo_rotation(
    struct trivet_store *store, int64_t id, int64_t old_id, int64_t now_us)
{
    enum trivet_status status = TRIVET_OK;

    if (trivet_store_begin(store, NULL) != TRIVET_OK) {
        return;
    }

    if (old_id != 0) {
        status =
            trivet_store_server_key_make_current(store, old_id, now_us, NULL);
    }
    if (status == TRIVET_OK && id != old_id) {
        status = trivet_store_server_key_drop(store, id, now_us, NULL);
    }
    if (status == TRIVET_OK) {
        status = trivet_store_commit(store, NULL);
    }
    if (status != TRIVET_OK) {
        trivet_store_rollback(store);
    }
}

/* Whether it may be retired at all. */
static enum trivet_status
check(struct trivet_store *store, int64_t id, struct trivet_error *err)
{
    struct trivet_server_key_row row;
    enum trivet_status status =
        trivet_store_server_key_get(store, id, &row, err);

    if (status == TRIVET_E_NOT_FOUND) {
        return trivet_error_set(err, status, "server_key.retire",
            "there is no server key %lld", (long long) id);
    }
    if (status == TRIVET_OK && row.is_current) {
        return trivet_error_set(err, TRIVET_E_CONFLICT, "server_key.retire",
            "key %lld is given to new installations; \"trivet server-key "
            "rotate\" gives them another",
            (long long) id);
    }

    return status;
}

enum trivet_status
trivet_operator_check_retirement(struct trivet_store *store, int64_t id,
    int64_t now_us,
    void (*add)(void *data, const struct trivet_server_key_use *row),
    void *data, struct trivet_error *err)
{
    TRIVET_TRY(check(store, id, err));

    return trivet_store_server_key_use_list(store, id, now_us, add, data, err);
}

enum trivet_status
trivet_operator_retire_server_key(struct trivet_store *store, int64_t id,
    int64_t now_us, struct trivet_error *err)
{
    TRIVET_TRY(check(store, id, err));

    return trivet_store_server_key_retire(store, id, now_us, err);
}
