/* SPDX-License-Identifier: Apache-2.0 */
/* rotation.c - server keys of a data directory: making, rotating, retiring them
 * while its gateway runs
 */
#define _DEFAULT_SOURCE
#include "authority/operator/rotation.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "authority/authority.h"
#include "base/file.h"
#include "crypto/key.h"

#define INCIDENT_KEY "incident.pem"

enum { MAX_FILE_NAME = 64 };

enum trivet_status
trivet_server_key_make_file(const char *path, struct trivet_error *err)
{
    struct trivet_private_key *key;
    char pem[TRIVET_MAX_PEM];
    enum trivet_status status;

    TRIVET_TRY(trivet_private_key_generate(&key, err));

    status = trivet_private_key_to_pem(key, pem, sizeof pem);
    trivet_private_key_free(key);
    if (status != TRIVET_OK) {
        return trivet_error_set(
            err, status, "server_key", "the server's key cannot be written");
    }

    status = trivet_file_replace_whole(path, trivet_slice_text(pem), 0600, err);
    trivet_wipe(pem, sizeof pem);

    return status;
}

const char *
trivet_server_key_name(
    const struct trivet_operator_place *place, const char *location)
{
    size_t len = place->is_own_store ? strlen(place->dir) : 0;

    if (place->is_own_store && strncmp(location, place->dir, len) == 0
        && location[len] == '/')
    {
        return location + len + 1;
    }

    return location;
}

/* ---- rotating ---------------------------------------------------------- */

/* A new key in the first file server-N.pem that is not there. A key that is
 * made lies in a data directory, whose gateway gives it out: an nginx that is
 * configured by hand would know nothing of it. */
static enum trivet_status
make_key(const struct trivet_operator_place *place,
    char out[TRIVET_MAX_DATA_PATH], struct trivet_error *err)
{
    char name[MAX_FILE_NAME];
    int number = 2;

    if (place->dir == NULL) {
        return trivet_error_set(err, TRIVET_E_USAGE, "server_key.rotate",
            "no gateway's data directory is known for this store, so a new key "
            "has no place: give --data DIR, where \"trivet serve\" uses it; "
            "or, "
            "for an nginx of your own, --file FILE or --uri URI, the key that "
            "its trivet_server_key names");
    }

    do {
        (void) snprintf(name, sizeof name, "server-%d.pem", number++);
        TRIVET_TRY(trivet_data_path(place->dir, name, out, err));
    } while (access(out, F_OK) == 0);

    return trivet_server_key_make_file(out, err);
}

struct used {
    size_t num;
    char relative[TRIVET_MAX_LOCATION]; /* a file of a data directory; "" */
};

static void
count_used(void *opaque, const struct trivet_server_key_row *row)
{
    struct used *used = opaque;
    const char *location = row->location;

    if (row->retired_us != 0 || location[0] == '\0') {
        return;
    }

    used->num++;
    if (location[0] != '/' && !trivet_private_key_is_uri(location)) {
        (void) snprintf(used->relative, sizeof used->relative, "%s", location);
    }
}

/* Not more of them than a gateway takes, and none that it would not find. */
static enum trivet_status
check_others(struct trivet_store *store,
    const struct trivet_operator_place *place, int64_t now_us,
    struct trivet_error *err)
{
    struct used used = {.num = 0};

    TRIVET_TRY(
        trivet_store_server_key_list(store, now_us, count_used, &used, err));

    if (used.num > TRIVET_MAX_SERVER_KEYS) {
        return trivet_error_set(err, TRIVET_E_LIMIT, "server_key",
            "more than %d server keys are in use; retire some",
            (int) TRIVET_MAX_SERVER_KEYS);
    }
    if (place->dir == NULL && used.relative[0] != '\0') {
        return trivet_error_set(err, TRIVET_E_USAGE, "server_key",
            "the store's key %s is a file of a data directory: name that with "
            "--data DIR",
            used.relative);
    }

    return TRIVET_OK;
}

/* In one transaction: the key becomes the current one. */
static enum trivet_status
put_key(struct trivet_store *store, const struct trivet_operator_place *place,
    int64_t now_us, struct trivet_rotation *rotation, struct trivet_error *err)
{
    enum trivet_status status;

    TRIVET_TRY(trivet_store_begin(store, err));

    status = trivet_operator_adopt_server_key(store, rotation->location,
        trivet_server_key_name(place, rotation->location), now_us,
        &rotation->id, err);
    if (status == TRIVET_OK) {
        status = check_others(store, place, now_us, err);
    }
    if (status == TRIVET_OK) {
        status = trivet_store_commit(store, err);
    }
    if (status != TRIVET_OK) {
        trivet_store_rollback(store);
    }

    return status;
}

static enum trivet_status
put_and_tell(struct trivet_store *store,
    const struct trivet_operator_place *place, int64_t now_us,
    struct trivet_rotation *rotation, struct trivet_error *err)
{
    enum trivet_status status;

    TRIVET_TRY(put_key(store, place, now_us, rotation, err));

    status = trivet_serving_reload(place->dir, &rotation->told, err);
    if (status != TRIVET_OK) {
        trivet_operator_undo_rotation(
            store, rotation->id, rotation->old.id, now_us);
    }

    return status;
}

static enum trivet_status
rotate(struct trivet_store *store, const struct trivet_operator_place *place,
    const char *location, int64_t now_us, struct trivet_rotation *out,
    struct trivet_error *err)
{
    enum trivet_status status;

    TRIVET_TRY(
        trivet_operator_current_server_key(store, now_us, &out->old, err));
    if (location == NULL) {
        TRIVET_TRY(make_key(place, out->location, err));
    } else {
        (void) snprintf(out->location, sizeof out->location, "%s", location);
    }

    status = put_and_tell(store, place, now_us, out, err);
    if (status != TRIVET_OK && location == NULL) {
        (void) unlink(out->location);
    }

    return status;
}

enum trivet_status
trivet_operator_rotate_server_key(struct trivet_store *store,
    const struct trivet_operator_place *place, const char *location,
    int64_t now_us, struct trivet_rotation *out, struct trivet_error *err)
{
    enum trivet_status status;
    int lock;

    TRIVET_TRY(trivet_serving_begin_change(place->dir, &lock, err));
    status = rotate(store, place, location, now_us, out, err);
    trivet_serving_end_change(lock);

    return status;
}

/* ---- retiring ---------------------------------------------------------- */

struct hurt {
    void (*add)(void *data, const struct trivet_server_key_use *row);
    void *data;
    size_t num;
};

static void
count_hurt(void *opaque, const struct trivet_server_key_use *row)
{
    struct hurt *hurt = opaque;

    hurt->num++;
    hurt->add(hurt->data, row);
}

static enum trivet_status
check_hurt(struct trivet_store *store, int64_t id, int64_t now_us,
    struct hurt *hurt, struct trivet_error *err)
{
    TRIVET_TRY(trivet_operator_check_retirement(
        store, id, now_us, count_hurt, hurt, err));

    if (hurt->num > 0) {
        return trivet_error_set(err, TRIVET_E_CONFLICT, "server_key.retire",
            "these were given key %lld and would be refused; --force does it "
            "all the same",
            (long long) id);
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_operator_retire_and_reload(struct trivet_store *store,
    const struct trivet_operator_place *place, int64_t id, bool is_forced,
    int64_t now_us,
    void (*add)(void *data, const struct trivet_server_key_use *row),
    void *data, enum trivet_operator_told *out_told, struct trivet_error *err)
{
    struct hurt hurt = {.add = add, .data = data};
    enum trivet_status status = TRIVET_OK;
    int lock;

    TRIVET_TRY(trivet_serving_begin_change(place->dir, &lock, err));

    if (!is_forced) {
        status = check_hurt(store, id, now_us, &hurt, err);
    }
    if (status == TRIVET_OK) {
        status = trivet_operator_retire_server_key(store, id, now_us, err);
    }
    if (status == TRIVET_OK) {
        status = trivet_serving_reload(place->dir, out_told, err);
    }
    trivet_serving_end_change(lock);

    return status;
}

/* ---- an incident's key ------------------------------------------------- */

static enum trivet_status
prepare(const struct trivet_operator_place *place,
    enum trivet_operator_told *out, struct trivet_error *err)
{
    char path[TRIVET_MAX_DATA_PATH];

    *out = TRIVET_TOLD_RELOADED;
    TRIVET_TRY(trivet_data_path(place->dir, INCIDENT_KEY, path, err));

    if (trivet_file_is_missing(path)) {
        TRIVET_TRY(trivet_server_key_make_file(path, err));
    }

    return trivet_serving_is_configured(place->dir, " trivet_incident_key ")
               ? TRIVET_OK
               : trivet_serving_reload(place->dir, out, err);
}

/* An nginx of one's own names its own key. */
enum trivet_status
trivet_operator_prepare_incident_key(const struct trivet_operator_place *place,
    enum trivet_operator_told *out, struct trivet_error *err)
{
    enum trivet_status status;
    int lock;

    *out = TRIVET_TOLD_NONE_KNOWN;
    if (place->dir == NULL) {
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_serving_begin_change(place->dir, &lock, err));
    status = prepare(place, out, err);
    trivet_serving_end_change(lock);

    return status;
}
