/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages.c - a list that a server gives page by page, whole
 *
 * bunq gives ten elements unless asked for more, and 200 at most; its answer
 * names the page behind.
 */
#include "cli/client/pages.h"

#include <stdio.h>
#include <string.h>

#include "cli/client/answer.h"
#include "cli/exit.h"
#include "core/json.h"

enum { MAX_PAGES = 100 };

static const char version[] = "/v1/";

static int
get_page(struct trivet_context *context, const char *path, bool is_quiet,
    json_t **out)
{
    const struct trivet_call call = {.method = "GET", .path = path};
    struct trivet_answer *answer = NULL;
    int number;

    if (!is_quiet) {
        number = cli_call(context, &call, &answer);
    } else if (trivet_call(context, &call, &answer, NULL) != TRIVET_OK) {
        number = CLI_REFUSED;
    } else {
        number = cli_exit_of_answer(answer->status);
    }

    if (number == CLI_OK) {
        *out = trivet_json_load(
            trivet_slice_make(answer->body, answer->body_len), 0, NULL);
    }
    trivet_answer_free(answer);

    return number;
}

/* The path of the page behind that of path; false when this was the last one,
 * or the server names no other path of its own. */
static bool
next_path(const json_t *page, const char *path, char out[CLI_MAX_PAGE_PATH])
{
    const char *url = json_string_value(
        json_object_get(json_object_get(page, "Pagination"), "older_url"));

    if (url == NULL || strncmp(url, version, sizeof version - 1) != 0
        || strlen(url) >= CLI_MAX_PAGE_PATH
        || strcmp(url + sizeof version - 1, path) == 0)
    {
        return false;
    }

    (void) snprintf(out, CLI_MAX_PAGE_PATH, "%s", url + sizeof version - 1);
    return true;
}

bool
cli_pages_find_next(const struct trivet_answer *answer, const char *path,
    char out[CLI_MAX_PAGE_PATH])
{
    json_t *page = trivet_json_load(
        trivet_slice_make(answer->body, answer->body_len), 0, NULL);
    bool has_next = json_array_size(json_object_get(page, "Response")) > 0
                    && next_path(page, path, out);

    json_decref(page);
    return has_next;
}

int
cli_pages_get(struct trivet_context *context, const char *path, bool is_quiet,
    json_t **out)
{
    char next[CLI_MAX_PAGE_PATH];
    json_t *all = json_array();
    bool has_more = true;

    (void) snprintf(next, sizeof next, "%s?count=200", path);

    for (int i = 0; has_more && i < MAX_PAGES; i++) {
        json_t *page = NULL;
        json_t *elements;
        int number = get_page(context, next, is_quiet, &page);

        if (number != CLI_OK) {
            json_decref(all);
            return number;
        }

        elements = json_object_get(page, "Response");
        has_more = json_array_size(elements) > 0 && next_path(page, next, next);
        (void) json_array_extend(all, elements);
        json_decref(page);
    }

    *out = all;
    return CLI_OK;
}
