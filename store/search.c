/* SPDX-License-Identifier: Apache-2.0 */
/* search.c - a part of a list, for an operator who looks for something */
#include "store/search.h"

#include <string.h>

#include "base/slice.h"
#include "store/value.h"

enum { MAX_PATTERN = 2 * TRIVET_MAX_SEARCH + 3 };

/* "%text%", in small letters; what LIKE takes for a sign is escaped. */
static const char *
make_pattern(const char *text, char out[MAX_PATTERN])
{
    size_t len = 0;

    out[0] = '\0';
    if (text == NULL || text[0] == '\0') {
        return out;
    }

    out[len++] = '%';
    for (size_t i = 0; text[i] != '\0' && i + 1 < TRIVET_MAX_SEARCH; i++) {
        char c = text[i];

        if (strchr("%_\\", c) != NULL) {
            out[len++] = '\\';
        }
        if (c >= 'A' && c <= 'Z') {
            c = (char) (c - 'A' + 'a');
        }
        out[len++] = c;
    }
    out[len++] = '%';
    out[len] = '\0';
    return out;
}

static int64_t
read_id(const char *text)
{
    long long id;

    return text != NULL && trivet_slice_to_id(trivet_slice_text(text), &id)
               ? id
               : -1;
}

enum trivet_status
trivet_store_search(struct trivet_store *store,
    const struct trivet_search_statements *statements,
    const struct trivet_search *search, trivet_row_fn on_row, void *user,
    struct trivet_error *err)
{
    const struct trivet_page *page = search->page;
    bool is_newer = page->newer_id >= 0;
    int64_t edge = is_newer ? page->newer_id : page->older_id;
    const struct trivet_statement *statement =
        is_newer ? &statements->newer : &statements->older;
    char pattern[MAX_PATTERN];
    const struct trivet_value params[] = {
        trivet_value_integer(edge),
        trivet_value_integer(page->count),
        trivet_value_cstring(make_pattern(search->text, pattern)),
        trivet_value_integer(read_id(search->text)),
        trivet_value_integer(search->user_id),
        trivet_value_integer(search->api_key_id),
        trivet_value_integer(search->alive_us),
    };

    return trivet_store_list(
        store, statement, params, statements->num_params, on_row, user, err);
}
