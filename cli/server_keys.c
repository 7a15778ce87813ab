/* SPDX-License-Identifier: Apache-2.0 */
/* server_keys.c - the server's keys of a data directory */
#define _DEFAULT_SOURCE
#include "cli/server_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authority/operator/nginx_path.h"
#include "authority/operator/rotation.h"
#include "authority/operator/server_key.h"
#include "base/file.h"
#include "cli/clock.h"
#include "cli/output.h"
#include "cli/serve/nginx_conf.h"
#include "store/noun/server_key.h"
#include "store/store.h"

#define FIRST_KEY "server.pem"

/* ---- where a key is ---------------------------------------------------- */

enum trivet_status
cli_server_key_given(
    const char *text, char out[CLI_MAX_PATH], struct trivet_error *err)
{
    bool is_uri = trivet_private_key_is_uri(text);

    if (is_uri && strstr(text, "pin-value=") != NULL) {
        return trivet_error_set(err, TRIVET_E_USAGE, "server_key",
            "a PIN does not belong into a URI, which others get to see: put "
            "it into a file (mode 0600) and name that: pin-source=file:PATH");
    }

    if (!is_uri && realpath(text, out) == NULL) {
        return trivet_error_set(err, TRIVET_E_NOT_FOUND, "server_key", "%s: %s",
            text, strerror(errno));
    }

    if (is_uri) {
        (void) snprintf(out, CLI_MAX_PATH, "%s", text);
    }

    if (strlen(is_uri ? text : out) >= TRIVET_MAX_LOCATION) {
        return trivet_error_set(err, TRIVET_E_USAGE, "server_key",
            "the server's key: its place has too long a name");
    }

    if (is_uri ? !trivet_nginx_accepts_uri(out)
               : !trivet_nginx_accepts_path(out)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "server_key",
            "the server's key: nginx.conf cannot take its place's name; no $, "
            "quotes, braces, blanks or backslashes, please");
    }

    return TRIVET_OK;
}

/* As the store names it. */
static const char *
to_store(const struct cli_server_keys_home *home, const char *location)
{
    const struct trivet_operator_place place = {
        .dir = home->dir, .is_own_store = home->is_own_store};

    return trivet_server_key_name(&place, location);
}

static enum trivet_status
from_store(const struct cli_server_keys_home *home, const char *name,
    char out[CLI_MAX_PATH], struct trivet_error *err)
{
    if (name[0] == '/' || trivet_private_key_is_uri(name)) {
        (void) snprintf(out, CLI_MAX_PATH, "%s", name);
        return TRIVET_OK;
    }

    if (home->dir == NULL) {
        return trivet_error_set(err, TRIVET_E_USAGE, "server_key",
            "the store's key %s is a file of a data directory: name that with "
            "--data DIR",
            name);
    }

    return cli_data_path(home->dir, name, out, err);
}

/* ---- one key ----------------------------------------------------------- */

enum trivet_status
cli_server_key_make(const char *path, struct trivet_error *err)
{
    cli_tell("making the server's RSA key: %s\n", path);

    return trivet_server_key_make_file(path, err);
}

enum trivet_status
cli_server_key_adopt(const struct cli_server_keys_home *home,
    struct trivet_store *store, const char *location, int64_t *out_id,
    struct trivet_error *err)
{
    return trivet_operator_adopt_server_key(
        store, location, to_store(home, location), cli_now_us(), out_id, err);
}

/* ---- all keys ---------------------------------------------------------- */

struct rows {
    size_t num_rows; /* may be more than there is room for */
    struct trivet_server_key_row rows[TRIVET_MAX_SERVER_KEYS];
};

static void
add_row(void *opaque, const struct trivet_server_key_row *row)
{
    struct rows *rows = opaque;

    if (row->retired_us != 0 || row->location[0] == '\0') {
        return;
    }

    if (rows->num_rows < TRIVET_MAX_SERVER_KEYS) {
        rows->rows[rows->num_rows] = *row;
    }
    rows->num_rows++;
}

static enum trivet_status
read_rows(
    struct trivet_store *store, struct rows *out, struct trivet_error *err)
{
    out->num_rows = 0;
    TRIVET_TRY(
        trivet_store_server_key_list(store, cli_now_us(), add_row, out, err));

    if (out->num_rows > TRIVET_MAX_SERVER_KEYS) {
        return trivet_error_set(err, TRIVET_E_LIMIT, "server_key",
            "more than %d server keys are in use; retire some",
            (int) TRIVET_MAX_SERVER_KEYS);
    }

    return TRIVET_OK;
}

static const struct trivet_server_key_row *
find_current(const struct rows *rows)
{
    for (size_t i = 0; i < rows->num_rows; i++) {
        if (rows->rows[i].is_current) {
            return &rows->rows[i];
        }
    }

    return NULL;
}

/* The key for new installations: the one that was given, or that was current,
 * or the first, which is made when it is not there. */
static enum trivet_status
choose_current(const struct cli_server_keys_home *home, const struct rows *rows,
    const char *given, char out[CLI_MAX_PATH], struct trivet_error *err)
{
    const struct trivet_server_key_row *current = find_current(rows);
    char first[CLI_MAX_PATH];

    if (given != NULL) {
        (void) snprintf(out, CLI_MAX_PATH, "%s", given);
        return TRIVET_OK;
    }

    TRIVET_TRY(cli_data_path(home->dir, FIRST_KEY, first, err));
    if (current == NULL) {
        (void) snprintf(out, CLI_MAX_PATH, "%s", first);
    } else {
        TRIVET_TRY(from_store(home, current->location, out, err));
    }

    return strcmp(out, first) == 0 && trivet_file_is_missing(first)
               ? cli_server_key_make(first, err)
               : TRIVET_OK;
}

/* Another key than the one that is known may lie at its place by now. */
static enum trivet_status
look_at_others(const struct cli_server_keys_home *home,
    struct trivet_store *store, const struct rows *rows, const char *current,
    struct trivet_error *err)
{
    for (size_t i = 0; i < rows->num_rows; i++) {
        struct trivet_server_key_row row;
        char location[CLI_MAX_PATH];

        TRIVET_TRY(from_store(home, rows->rows[i].location, location, err));
        if (strcmp(location, current) != 0) {
            TRIVET_TRY(trivet_operator_locate_server_key(store, location,
                to_store(home, location), cli_now_us(), &row, err));
        }
    }

    return TRIVET_OK;
}

enum trivet_status
cli_server_keys_prepare(const struct cli_server_keys_home *home,
    struct trivet_store *store, const char *given, struct trivet_error *err)
{
    static struct rows rows; /* large */
    char current[CLI_MAX_PATH];
    enum trivet_status status;
    int64_t id;

    TRIVET_TRY(read_rows(store, &rows, err));
    TRIVET_TRY(choose_current(home, &rows, given, current, err));
    TRIVET_TRY(trivet_store_begin(store, err));

    status = cli_server_key_adopt(home, store, current, &id, err);
    if (status == TRIVET_OK) {
        status = look_at_others(home, store, &rows, current, err);
    }
    if (status == TRIVET_OK) {
        status = trivet_store_commit(store, err);
    }
    if (status != TRIVET_OK) {
        trivet_store_rollback(store);
    }

    return status;
}

enum trivet_status
cli_server_keys_list(const struct cli_server_keys_home *home,
    struct trivet_store *store, struct cli_server_keys *out,
    struct trivet_error *err)
{
    static struct rows rows; /* large */

    TRIVET_TRY(read_rows(store, &rows, err));
    out->num_keys = 0;

    for (int wanted = 1; wanted >= 0; wanted--) {
        for (size_t i = 0; i < rows.num_rows; i++) {
            if (rows.rows[i].is_current == (wanted == 1)) {
                TRIVET_TRY(from_store(home, rows.rows[i].location,
                    out->locations[out->num_keys++], err));
            }
        }
    }

    return TRIVET_OK;
}
