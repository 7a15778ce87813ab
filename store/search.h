/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search.h - a part of a list, for an operator who looks for something
 *
 * Rows are found in the order of ids, from an edge on, until there are enough:
 * those below page->older_id, the newest first; or, when page->newer_id is not
 * -1, those above it, the oldest first. What matches seldom is looked for in
 * the whole list.
 */
#ifndef TRIVET_STORE_SEARCH_H
#define TRIVET_STORE_SEARCH_H

#include "core/page.h"
#include "store/row.h"

enum { TRIVET_MAX_SEARCH = 100 }; /* bytes of a text, with the NUL */

/* Of ids 0: any. What a list does not have is not asked for. */
struct trivet_search {
    const char *text; /* a part of a name or label, of ASCII letters in any
                         case; or an id; "": any */
    int64_t user_id;
    int64_t api_key_id;
    int64_t alive_us; /* sessions that are valid then; 0: any */
    const struct trivet_page *page;
};

/* Both statements of a list, made with SEARCH. */
struct trivet_search_statements {
    struct trivet_statement older;
    struct trivet_statement newer;
    size_t
        num_params; /* 4, and one for each of user_id, api_key_id, alive_us */
};

/*
 * where: the SELECT up to its conditions, at least one. Parameters: $1 the
 * edge, $2 how many rows, $3 a pattern of LIKE or "", $4 an id or -1, then $5
 * user_id, $6 api_key_id, $7 alive_us.
 */
#define SEARCH(list, row, where, num)                                          \
    {                                                                          \
        .older = {.name = list ".search-older",                                \
            .sql = where " AND " row ".id < $1 ORDER BY " row                  \
                         ".id DESC LIMIT $2"},                                 \
        .newer = {.name = list ".search-newer",                                \
            .sql = where " AND " row ".id > $1 ORDER BY " row ".id LIMIT $2"}, \
        .num_params = (num)                                                    \
    }

/* That a row's text, or its id, is what is looked for. */
#define MATCHES(text, id)                                                      \
    "(LOWER(" text ") LIKE $3 ESCAPE '\\' OR $3 = '' OR " id " = $4)"
#define IS_OF(column, param) "(" column " = " param " OR " param " = 0)"

/* on_row: called with user, once a row. No row is not a failure. */
TRIVET_MUST_USE enum trivet_status trivet_store_search(
    struct trivet_store *store,
    const struct trivet_search_statements *statements,
    const struct trivet_search *search, trivet_row_fn on_row, void *user,
    struct trivet_error *err);

#endif
