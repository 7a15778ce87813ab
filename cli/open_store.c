/* SPDX-License-Identifier: Apache-2.0 */
/* open_store.c - the store that --data and --store name */
#define _POSIX_C_SOURCE 200809L
#include "cli/open_store.h"

#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/timestamp.h"
#include "cli/clock.h"
#include "cli/moment.h"
#include "cli/operation.h"
#include "cli/output.h"
#include "cli/sandbox_state.h"
#include "store/noun/clock.h"
#include "store/store.h"

/* Reports a machine's clock that is behind the latest time. */
static enum trivet_status
use_clock(struct trivet_store *store, struct trivet_error *err)
{
    struct trivet_store_clock clock;
    char span[CLI_DISTANCE_SIZE];
    int64_t behind_us;

    TRIVET_TRY(trivet_store_clock_get(store, &clock, err));

    cli_clock_set_latest(clock.latest_us);
    behind_us = clock.latest_us - cli_clock_us();
    if (behind_us >= TRIVET_US_PER_S) {
        cli_format_distance(behind_us, span);
        cli_tell("trivet: the machine's clock is %s behind the latest time of "
                 "this store; that time is used until then (or \"trivet clock "
                 "accept\")\n",
            span);
    }

    return TRIVET_OK;
}

enum trivet_status
cli_open_store_at(const char *url, enum trivet_store_mode mode,
    struct trivet_store **out, struct trivet_error *err)
{
    const char *notice;
    enum trivet_status status;

    TRIVET_TRY(trivet_store_open(url, mode, out, err));

    trivet_store_act_as_operator(*out, cli_operator_name());
    notice = trivet_store_notice(*out);
    if (notice != NULL) {
        cli_tell("trivet: %s\n", notice);
    }

    status = use_clock(*out, err);
    if (status != TRIVET_OK) {
        trivet_store_close(*out);
        *out = NULL;
    }

    return status;
}

static enum trivet_status
format_url(const char *path, char out[CLI_MAX_PATH], struct trivet_error *err)
{
    int len = snprintf(out, CLI_MAX_PATH, "sqlite:%s", path);

    if (len < 0 || len >= CLI_MAX_PATH) {
        return trivet_error_set(
            err, TRIVET_E_LIMIT, "store.open", "the path is too long");
    }

    return TRIVET_OK;
}

enum trivet_status
cli_open_store(const struct cli_data_options *options,
    enum trivet_store_mode mode, struct trivet_store **out,
    struct trivet_error *err)
{
    char dir[CLI_MAX_PATH];
    char path[CLI_MAX_PATH];
    char url[CLI_MAX_PATH];

    TRIVET_TRY(cli_sandbox_use_clock(options, err));

    if (options->store != NULL) {
        return cli_open_store_at(options->store, mode, out, err);
    }

    TRIVET_TRY(cli_data_dir(options, dir, err));
    TRIVET_TRY(cli_data_path(dir, "trivet.db", path, err));

    if (trivet_file_is_missing(path)) {
        return trivet_error_set(err, TRIVET_E_NOT_FOUND, "store.open",
            "%s: no store there; \"trivet serve\" makes one", path);
    }

    TRIVET_TRY(format_url(path, url, err));

    return cli_open_store_at(url, mode, out, err);
}
