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

enum { CLI_MAX_PAGE_PATH = 512 /* bytes, with the NUL */ };

/* The path of the page behind that answer's, which was got by path; out may be
 * path. False: it was the last one, or the server names no other path of its
 * own. */
bool cli_pages_find_next(const struct trivet_answer *answer, const char *path,
    char out[CLI_MAX_PAGE_PATH]);

#endif
