/* SPDX-License-Identifier: Apache-2.0 */
/* operation.c - an operator's calls, as commands run them */
#define _DEFAULT_SOURCE
#include "cli/operation.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/clock.h"
#include "cli/sandbox_state.h"
#include "cli/server_keys.h"
#include "core/limits.h"

const char *
cli_operator_name(void)
{
    static const char *const variables[] = {"TRIVET_OPERATOR", "SUDO_USER"};
    const struct passwd *entry;

    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *name = getenv(variables[i]);

        if (name != NULL && name[0] != '\0') {
            return name;
        }
    }

    entry = getpwuid(geteuid());
    return entry == NULL ? "" : entry->pw_name;
}

/* The machine's clock with a sandbox's offset, and not the latest time that the
 * store has seen. */
static int64_t
clock_us(void)
{
    return cli_clock_us() + cli_clock_offset_us();
}

struct paths {
    char dir[CLI_MAX_PATH];
    char sandbox[CLI_MAX_PATH];
};

/* A store that is only named is no sandbox's. */
static enum trivet_status
find_place(const struct cli_data_options *data,
    struct trivet_operator_place *out, struct paths *paths,
    struct trivet_error *err)
{
    struct cli_server_keys_home home;

    TRIVET_TRY(cli_server_keys_find_home(data, paths->dir, &home, err));

    out->dir = home.dir;
    out->is_own_store = home.is_own_store;
    if (cli_data_dir(data, paths->dir, NULL) == TRIVET_OK
        && cli_data_path(paths->dir, CLI_SANDBOX_STATE, paths->sandbox, NULL)
               == TRIVET_OK
        && access(paths->sandbox, F_OK) == 0)
    {
        out->sandbox_path = paths->sandbox;
    }

    return TRIVET_OK;
}

enum trivet_status
cli_operation_run(struct cli_operation *operation, const char *name,
    json_t *given, json_t **out_rows, struct trivet_error *err)
{
    static struct paths paths; /* large */
    struct trivet_operator_place place = {
        .session_timeout_s = TRIVET_DEFAULT_SESSION_TIMEOUT_S,
        .key_lifetime_s = TRIVET_SANDBOX_KEY_LIFETIME_S,
    };
    struct trivet_operation run = {
        .store = operation->store,
        .place = &place,
        .now_us = cli_now_us(),
        .clock_us = clock_us,
        .given = given,
        .show = operation->show,
        .data = operation->user,
        .err = err,
    };
    enum trivet_status status =
        find_place(operation->data, &place, &paths, err);

    *out_rows = NULL;
    if (status == TRIVET_OK) {
        status = trivet_operator_run(trivet_operator_call(name), &run);
        *out_rows = run.rows;
        operation->is_lost = run.is_lost;
    }

    json_decref(given);
    return status;
}
