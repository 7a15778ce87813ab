/* SPDX-License-Identifier: Apache-2.0 */
/* common.c - the state of a sandbox, as the commands find it */
#define _DEFAULT_SOURCE
#include "cli/sandbox_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "authority/determinism.h"
#include "cli/clock.h"
#include "cli/moment.h"
#include "cli/output.h"

/* In the data directory. */
static const char determinism_name[] = "deterministic";

static enum trivet_status
open_in(const struct cli_data_options *options, bool is_to_be_written,
    struct trivet_sandbox **out, char dir[CLI_MAX_PATH],
    struct trivet_error *err)
{
    char path[CLI_MAX_PATH];

    TRIVET_TRY(cli_data_dir(options, dir, err));
    TRIVET_TRY(cli_data_path(dir, CLI_SANDBOX_STATE, path, err));

    return trivet_sandbox_open(path, is_to_be_written, out, err);
}

/* UUIDs and times as the gateway makes them; to the end of the process. */
static enum trivet_status
use_determinism(const char *dir, struct trivet_error *err)
{
    struct trivet_determinism *determinism;
    char path[CLI_MAX_PATH];
    enum trivet_status status;

    if (trivet_determinism_is_used()) {
        return TRIVET_OK;
    }

    TRIVET_TRY(cli_data_path(dir, determinism_name, path, err));

    status = trivet_determinism_open(path, &determinism, err);
    if (status == TRIVET_OK) {
        trivet_determinism_use(determinism);
        cli_clock_stop(TRIVET_DETERMINISTIC_US);
    }

    return status == TRIVET_E_NOT_FOUND ? TRIVET_OK : status;
}

enum trivet_status
cli_sandbox_open(const struct cli_data_options *options, bool is_to_be_written,
    struct trivet_sandbox **out, struct trivet_error *err)
{
    char dir[CLI_MAX_PATH];
    enum trivet_status status =
        open_in(options, is_to_be_written, out, dir, err);

    if (status == TRIVET_OK) {
        status = use_determinism(dir, err);
        if (status != TRIVET_OK) {
            trivet_sandbox_close(*out);
        }
        return status;
    }
    if (status != TRIVET_E_NOT_FOUND) {
        return status;
    }

    return trivet_error_set(err, status, "sandbox",
        "%s: not the data directory of a sandbox; \"trivet serve\" makes one",
        dir);
}

/* Dates that are off should not surprise anybody. False when it is not moved.
 */
static bool
tell_clock(const struct trivet_sandbox *sandbox, const char *is_or_was)
{
    int64_t offset_us = trivet_sandbox_offset_us(sandbox);
    char span[CLI_DISTANCE_SIZE];

    if (offset_us == 0) {
        return false;
    }

    cli_format_distance(offset_us, span);
    cli_tell("trivet: the sandbox's clock %s %s ahead\n", is_or_was, span);
    return true;
}

enum trivet_status
cli_sandbox_use_clock(
    const struct cli_data_options *options, struct trivet_error *err)
{
    char dir[CLI_MAX_PATH];
    struct trivet_sandbox *sandbox;
    enum trivet_status status;

    if (options->store != NULL && options->data == NULL) {
        return TRIVET_OK;
    }

    status = open_in(options, false, &sandbox, dir, err);
    if (status == TRIVET_OK) {
        cli_clock_set_offset(trivet_sandbox_offset_us(sandbox));
        (void) tell_clock(sandbox, "is");
        trivet_sandbox_close(sandbox);
        status = use_determinism(dir, err);
    }

    return status == TRIVET_E_NOT_FOUND ? TRIVET_OK : status;
}

/* ---- trivet serve ------------------------------------------------------ */

/* What somebody may have forgotten; true when there is any. */
static bool
tell(const struct trivet_sandbox *sandbox, const char *is_or_was)
{
    bool has_any = tell_clock(sandbox, is_or_was);

    for (int i = 0; i < TRIVET_NUM_INCIDENTS; i++) {
        if (trivet_sandbox_has(sandbox, (enum trivet_incident) i)) {
            has_any = true;
            cli_tell("trivet: the incident %s %s on\n",
                trivet_incident_row((enum trivet_incident) i)->name, is_or_was);
        }
    }

    return has_any;
}

/* Outside the sandbox nothing maps it; it goes all the same, so that no command
 * takes the directory for a sandbox's. */
static enum trivet_status
remove_state(const char *path, struct trivet_error *err)
{
    struct trivet_sandbox *sandbox;

    if (trivet_sandbox_open(path, false, &sandbox, NULL) == TRIVET_OK) {
        if (tell(sandbox, "was")) {
            cli_tell("trivet: no sandbox now: %s is removed\n", path);
        }
        trivet_sandbox_close(sandbox);
    }

    if (unlink(path) != 0 && errno != ENOENT) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "sandbox", "%s: %s",
            path, strerror(errno));
    }

    return TRIVET_OK;
}

enum trivet_status
cli_sandbox_prepare(const char *dir, bool is_sandbox,
    char out_path[CLI_MAX_PATH], struct trivet_sandbox **out,
    struct trivet_error *err)
{
    TRIVET_TRY(cli_data_path(dir, CLI_SANDBOX_STATE, out_path, err));

    if (!is_sandbox) {
        return remove_state(out_path, err);
    }

    TRIVET_TRY(trivet_sandbox_create(out_path, err));
    TRIVET_TRY(trivet_sandbox_open(out_path, false, out, err));

    (void) tell(*out, "is");
    cli_clock_set_offset(trivet_sandbox_offset_us(*out));
    return TRIVET_OK;
}

enum trivet_status
cli_sandbox_prepare_determinism(const char *dir, const char *seed,
    char out_path[CLI_MAX_PATH], struct trivet_error *err)
{
    TRIVET_TRY(cli_data_path(dir, determinism_name, out_path, err));
    TRIVET_TRY(trivet_determinism_prepare(out_path, seed, err));

    return use_determinism(dir, err);
}

bool
cli_sandbox_is_mute(const struct trivet_sandbox *sandbox)
{
    for (int i = 0; i < TRIVET_NUM_INCIDENTS; i++) {
        enum trivet_incident incident = (enum trivet_incident) i;

        if (trivet_incident_row(incident)->hides_gateway
            && trivet_sandbox_has(sandbox, incident))
        {
            return true;
        }
    }

    return false;
}
