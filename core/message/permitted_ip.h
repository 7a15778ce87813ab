/* SPDX-License-Identifier: Apache-2.0 */
/*
 * permitted_ip.h - an address from which an API key may be used
 *
 *   request = {"ip":.., "status":"ACTIVE" / "INACTIVE"}
 *   answer  = an id (core/message/id.h)
 *   element = {"PermittedIp":{"id":.., "created":.., "updated":.., "ip":..,
 *                             "status":..}}
 */
#ifndef TRIVET_CORE_MESSAGE_PERMITTED_IP_H
#define TRIVET_CORE_MESSAGE_PERMITTED_IP_H

#include "base/buffer.h"
#include "core/address.h"
#include "core/api_key.h"
#include "core/reason.h"
#include "trivet/status.h"

struct json_t; /* jansson's */
struct trivet_list;

/* Of POST and PUT. */
struct trivet_permitted_ip_request {
    bool has_address;
    struct trivet_address address;
    bool has_status;
    bool is_active;
};

/* address as the user wrote it. Empty when memory ran out, or it is not UTF-8.
 */
struct trivet_buffer trivet_permitted_ip_request_write(
    const char *address, bool is_active);

/* On a complaint, *out holds nothing of use. */
TRIVET_MUST_USE struct trivet_complaint trivet_permitted_ip_request_read(
    struct trivet_slice body, struct trivet_permitted_ip_request *out);

void trivet_list_add_permitted_ip(
    struct trivet_list *list, const struct trivet_permitted_ip *ip);

/* What a client reads of an element; the texts live as long as it does. */
struct trivet_permitted_ip_shown {
    long long id;
    const char *address;
    const char *status; /* NULL: the server tells none */
};

/* False: the element is no permitted IP, or has no address. */
bool trivet_permitted_ip_element_read(
    const struct json_t *element, struct trivet_permitted_ip_shown *out);

#endif
