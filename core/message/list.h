/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list.h - the bodies of the calls that show things: one, or a page
 *
 *   one  = {"Response":[ {"Type":{...}} ]}
 *   page = {"Response":[ ... ],
 *           "Pagination":{"future_url":..,"newer_url":..,"older_url":..}}
 */
#ifndef TRIVET_CORE_MESSAGE_LIST_H
#define TRIVET_CORE_MESSAGE_LIST_H

#include "core/credential.h"
#include "core/device.h"
#include "core/message/message.h"
#include "core/page.h"
#include "core/account.h"

struct trivet_list;

/* NULL when memory ran out. */
struct trivet_list *trivet_list_new(void);
void trivet_list_free(struct trivet_list *list);

/* Each adds one element. What fails is remembered: the body is empty then. */
void trivet_list_add_id(struct trivet_list *list, int64_t id);
void trivet_list_add_server_key(struct trivet_list *list, const char *pem);
void trivet_list_add_user(
    struct trivet_list *list, const struct trivet_user *user);
void trivet_list_add_device(
    struct trivet_list *list, const struct trivet_device *device);
void trivet_list_add_credential(
    struct trivet_list *list, const struct trivet_credential *credential);
void trivet_list_add_permitted_ip(
    struct trivet_list *list, const struct trivet_permitted_ip *ip);
void trivet_list_add_account(
    struct trivet_list *list, const struct trivet_account *account);

/* urls: NULL for an answer without Pagination. The list stays the caller's. */
struct trivet_body trivet_list_body(
    const struct trivet_list *list, const struct trivet_page_urls *urls);

#endif
