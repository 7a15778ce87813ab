/* SPDX-License-Identifier: Apache-2.0 */
/* seed_device.h - a device of a seed file, and its installation */
#ifndef TRIVET_CLI_SERVE_SEED_DEVICE_H
#define TRIVET_CLI_SERVE_SEED_DEVICE_H

#include "cli/json_file.h"
#include "cli/serve/seed.h"

struct cli_seed_walk {
    const struct cli_seed *seed;
    struct cli_json_file file;
    struct trivet_store *store; /* NULL: the file is only checked */
};

/* Checks a device of an API key, and makes it and its installation when they
 * are missing. */
TRIVET_MUST_USE enum trivet_status cli_seed_walk_device(
    struct cli_seed_walk *walk, const struct cli_json_at *at,
    int64_t api_key_id, struct trivet_error *err);

#endif
