/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seed.h - users, API keys and devices that "trivet serve --seed" makes
 *
 * A JSON file; trivet-serve(1), SEED FILES, has its fields. What it names and
 * the store does not have is made; what the store has is left as it is.
 */
#ifndef TRIVET_CLI_SERVE_SEED_H
#define TRIVET_CLI_SERVE_SEED_H

#include "store/store.h"

struct cli_seed {
    const char *path;            /* of the file                            */
    bool is_sandbox;             /* else the file must be its owner's alone */
    long long session_timeout_s; /* of users that are made                 */
};

/* Reads the whole file, and changes nothing. TRIVET_E_USAGE: it is wrong; err
 * has the line and the reason. */
TRIVET_MUST_USE enum trivet_status cli_seed_check(
    const struct cli_seed *seed, struct trivet_error *err);

/* Makes what is missing, all of it or nothing. TRIVET_E_USAGE, too, when the
 * store has something else under that name. */
TRIVET_MUST_USE enum trivet_status cli_seed_apply(const struct cli_seed *seed,
    struct trivet_store *store, struct trivet_error *err);

#endif
