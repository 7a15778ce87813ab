/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list.h - the answer of a call that shows things: one, or a page of them
 *
 *   one  = {"Response":[ {"Type":{...}} ]}
 *   page = {"Response":[ ... ],
 *           "Pagination":{"future_url":..,"newer_url":..,"older_url":..}}
 *
 * Each noun's header has the functions that add its element to a list.
 */
#ifndef TRIVET_CORE_MESSAGE_LIST_H
#define TRIVET_CORE_MESSAGE_LIST_H

#include "base/buffer.h"
#include "core/page.h"

struct json_t; /* jansson's */
struct trivet_list;

/* NULL when memory ran out. */
struct trivet_list *trivet_list_new(void);
void trivet_list_free(struct trivet_list *list);

/* Adds an element, which it takes over. An element that is NULL, or for which
 * there is no memory, leaves the list without an answer. For the files of
 * core/message/. */
void trivet_list_add(struct trivet_list *list, struct json_t *element);

/* urls: NULL for an answer without Pagination. The list stays the caller's.
 * Empty when an element is missing, or memory ran out. */
struct trivet_buffer trivet_list_answer_write(
    const struct trivet_list *list, const struct trivet_page_urls *urls);

#endif
