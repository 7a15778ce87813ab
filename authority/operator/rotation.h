/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rotation.h - server keys of a data directory: making, rotating, retiring them
 * while its gateway runs
 *
 * Blocks: disk, some 0.1 to 0.6 s to make a key, and the reload of the gateway.
 */
#ifndef TRIVET_AUTHORITY_OPERATOR_ROTATION_H
#define TRIVET_AUTHORITY_OPERATOR_ROTATION_H

#include "authority/operator/place.h"
#include "authority/operator/server_key.h"
#include "authority/operator/serving.h"

/* Makes a key file (0600). */
TRIVET_MUST_USE enum trivet_status trivet_server_key_make_file(
    const char *path, struct trivet_error *err);

/* As the store names the key at location: in the place's own store a file of
 * its directory by its name, so that it can be moved. Points into location. */
const char *trivet_server_key_name(
    const struct trivet_operator_place *place, const char *location);

struct trivet_rotation {
    int64_t id;
    char location[TRIVET_MAX_DATA_PATH];
    struct trivet_server_key_row old; /* id 0: there was none */
    enum trivet_operator_told told;
};

/*
 * Gives new installations the key at location, a path or a URI that
 * trivet_nginx_accepts_path or ..._uri accepts (NULL: a new one, in a file of
 * the data directory), and has the gateway take it in. All or nothing.
 *
 * TRIVET_E_USAGE     location is NULL, and no data directory is known.
 * TRIVET_E_CONFLICT  the key is retired.
 * TRIVET_E_LIMIT     as many keys are in use as a gateway takes.
 */
TRIVET_MUST_USE enum trivet_status trivet_operator_rotate_server_key(
    struct trivet_store *store, const struct trivet_operator_place *place,
    const char *location, int64_t now_us, struct trivet_rotation *out,
    struct trivet_error *err);

/* trivet_operator_retire_server_key, and the gateway takes it in. Unless it is
 * forced, it must hurt nobody: calls add for each that would be
 * (TRIVET_E_CONFLICT then). */
TRIVET_MUST_USE enum trivet_status trivet_operator_retire_and_reload(
    struct trivet_store *store, const struct trivet_operator_place *place,
    int64_t id, bool is_forced, int64_t now_us,
    void (*add)(void *data, const struct trivet_server_key_use *row),
    void *data, enum trivet_operator_told *out_told, struct trivet_error *err);

/* The key of the incident server-key-rotates: made at its first use, and the
 * gateway takes it in. */
TRIVET_MUST_USE enum trivet_status trivet_operator_prepare_incident_key(
    const struct trivet_operator_place *place, enum trivet_operator_told *out,
    struct trivet_error *err);

#endif
