/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common.h - the state of a sandbox, as the commands find it
 *
 * It is sandbox.state in the data directory. Only "trivet serve" makes it, and
 * without the sandbox it removes it: so only a sandbox has one.
 */
#ifndef TRIVET_CLI_SANDBOX_STATE_H
#define TRIVET_CLI_SANDBOX_STATE_H

#include "cli/data_dir.h"
#include "sandbox/state.h"

/* In the data directory: the server key of the incident server-key-rotates. */
#define CLI_INCIDENT_KEY "incident.pem"

/* In the data directory: the state. */
#define CLI_SANDBOX_STATE "sandbox.state"

/* Maps that of the data directory. TRIVET_E_NOT_FOUND when it has none, in
 * words for whoever wants to move the clock. */
TRIVET_MUST_USE enum trivet_status cli_sandbox_open(
    const struct cli_data_options *options, bool is_to_be_written,
    struct trivet_sandbox **out, struct trivet_error *err);

/* Has cli_now_us follow the clock of the data directory, and new UUIDs its seed
 * (authority/determinism.h), when that directory is the store's: not with a
 * --store alone, which may be any. Says so on stderr when that clock is moved.
 */
TRIVET_MUST_USE enum trivet_status cli_sandbox_use_clock(
    const struct cli_data_options *options, struct trivet_error *err);

/* For "trivet serve", which holds the directory's lock: makes and maps it, and
 * says what is still moved or on. *out stays NULL without the sandbox, where it
 * is removed. */
TRIVET_MUST_USE enum trivet_status cli_sandbox_prepare(const char *dir,
    bool is_sandbox, char out_path[CLI_MAX_PATH], struct trivet_sandbox **out,
    struct trivet_error *err);

/* For "trivet serve", after that: UUIDs and times of this seed from now on, of
 * this process too; seed NULL: as anywhere else. */
TRIVET_MUST_USE enum trivet_status cli_sandbox_prepare_determinism(
    const char *dir, const char *seed, char out_path[CLI_MAX_PATH],
    struct trivet_error *err);

/* Whether an incident keeps it from answering as a gateway does. */
bool cli_sandbox_is_mute(const struct trivet_sandbox *sandbox);

#endif
