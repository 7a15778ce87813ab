/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show.h - calls that show things: one, or a page of a list
 *
 * For the handlers in authority/calls/.
 */
#ifndef TRIVET_AUTHORITY_SHOW_H
#define TRIVET_AUTHORITY_SHOW_H

#include "authority/case.h"
#include "core/message/list.h"
#include "core/page.h"

/* Adds the items of page to list, and counts them in. */
typedef enum trivet_status (*trivet_fetch_fn)(struct trivet_case *c,
    const struct trivet_page *page, struct trivet_list *list,
    struct trivet_page_seen *seen);

/* Answers with the page that the query asks for. */
enum trivet_status trivet_case_show_page(
    struct trivet_case *c, trivet_fetch_fn fetch);

/* Answers with the item that has this id; refuses with missing when there is
 * none. */
enum trivet_status trivet_case_show_one(struct trivet_case *c, long long id,
    enum trivet_reason missing, trivet_fetch_fn fetch);

#endif
