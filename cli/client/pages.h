/* SPDX-License-Identifier: Apache-2.0 */
/* pages.h - a list that a server gives page by page, whole */
#ifndef TRIVET_CLI_CLIENT_PAGES_H
#define TRIVET_CLI_CLIENT_PAGES_H

#include <jansson.h>
#include <stdbool.h>

#include "trivet/client.h"

/*
 * All elements of the list at path, newest first, in *out: an array, to be
 * freed. Other than CLI_OK: the exit number, said on stderr unless is_quiet.
 */
int cli_pages_get(struct trivet_context *context, const char *path,
    bool is_quiet, json_t **out);

#endif
