/* SPDX-License-Identifier: Apache-2.0 */
/*
 * incident_key.c - the server key of the incident server-key-rotates
 *
 * Making a key takes a moment that no sandbox needs to wait for at its start,
 * so the key is made when the incident is switched on for the first time.
 */
#define _DEFAULT_SOURCE
#include "cli/sandbox/incident_key.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/output.h"
#include "cli/sandbox_state.h"
#include "cli/server_keys.h"
#include "cli/serving.h"

enum { MAX_CONF = 262144 /* bytes of nginx.conf, with the NUL */ };

/* Whether the gateway was last started, or reloaded, with the key. */
static bool
is_configured(const char *dir)
{
    char path[CLI_MAX_PATH];
    char *conf = malloc(MAX_CONF);
    bool is = conf != NULL
              && cli_data_path(dir, "nginx.conf", path, NULL) == TRIVET_OK
              && cli_read_file(path, conf, MAX_CONF, NULL) == TRIVET_OK
              && strstr(conf, " trivet_incident_key ") != NULL;

    free(conf);
    return is;
}

enum trivet_status
cli_incident_key_prepare(
    const struct cli_data_options *options, struct trivet_error *err)
{
    char dir[CLI_MAX_PATH];
    char path[CLI_MAX_PATH];
    bool is_running;

    TRIVET_TRY(cli_data_dir(options, dir, err));
    TRIVET_TRY(cli_data_path(dir, CLI_INCIDENT_KEY, path, err));
    TRIVET_TRY(cli_serving_change(dir, err));

    if (trivet_file_is_missing(path)) {
        TRIVET_TRY(cli_server_key_make(path, err));
    }
    if (is_configured(dir)) {
        return TRIVET_OK;
    }

    TRIVET_TRY(cli_serving_reload(dir, &is_running, err));
    if (!is_running) {
        cli_tell("no gateway runs on this data directory: it takes the key at "
                 "its next start\n");
    }

    return TRIVET_OK;
}
