/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secrets_cut.h - bodies and paths without their secrets
 *
 * What is a secret is known by its name (core/secret_names.h): that of a JSON
 * member anywhere in a body, or of a parameter of a query.
 * Its text becomes "[left out]".
 *
 * Blocks: no. Threads: any.
 */
#ifndef TRIVET_SIDECAR_SECRETS_CUT_H
#define TRIVET_SIDECAR_SECRETS_CUT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buffer.h"

/* Cuts them out of a tree. Whether there were any; TRIVET_E_MEMORY: some are
 * left. */
TRIVET_MUST_USE enum trivet_status trivet_secrets_cut_json(
    json_t *root, bool *out_had_any);

/* A path with its query. Data NULL: out of memory. */
struct trivet_buffer trivet_secrets_cut_path(const char *path);

#endif
