/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page.h - which part of a list is asked for, and where its neighbours are
 *
 *   query = "count=" 1-200, "newer_id=" ID or "older_id=" ID, joined by "&"
 *
 * The newest come first. newer_id asks for those that follow it in time,
 * older_id for those that came before it; neither, for the newest.
 */
#ifndef TRIVET_CORE_PAGE_H
#define TRIVET_CORE_PAGE_H

#include <stdint.h>

#include "base/slice.h"
#include "core/limits.h"
#include "core/reason.h"
#include "trivet/status.h"

struct trivet_page {
    int64_t count;    /* 1 to TRIVET_MAX_PAGE               */
    int64_t newer_id; /* items above it; -1: not asked for  */
    int64_t older_id; /* items below it; INT64_MAX: not     */
    bool has_count;   /* the caller gave it                 */
};

/* What a list turned out to be. Ids are 0 where there is no item. */
struct trivet_page_seen {
    int64_t newest_id; /* of the whole list */
    int64_t oldest_id;
    int64_t first_id; /* of the page: its newest */
    int64_t last_id;
    bool is_fixed; /* nothing is ever added to the list: no URLs */
};

/* Reads a query. What is not of the three is passed over, an empty value is
 * none. out is set in any case. */
TRIVET_MUST_USE struct trivet_complaint trivet_page_read(
    struct trivet_slice query, struct trivet_page *out);

/* The page that holds the item with this id and no other. */
struct trivet_page trivet_page_of(int64_t id);

/* Whether an item with this id may be on the page. */
bool trivet_page_has(const struct trivet_page *page, int64_t id);

/* Counts an item in; they come from the newest on. */
void trivet_page_see(struct trivet_page_seen *seen, int64_t id);

enum { TRIVET_MAX_PAGE_URL = TRIVET_MAX_CALL_PATH + 48 };

/* The three URLs of a Pagination; "" where there is none. */
struct trivet_page_urls {
    char future[TRIVET_MAX_PAGE_URL];
    char newer[TRIVET_MAX_PAGE_URL];
    char older[TRIVET_MAX_PAGE_URL];
};

/* path: of the list, at most TRIVET_MAX_CALL_PATH bytes with its NUL. */
void trivet_page_urls(const struct trivet_page *page,
    const struct trivet_page_seen *seen, const char *path,
    struct trivet_page_urls *out);

#endif
