/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device.h - POST device-server: binds an API key to addresses; and the list
 *
 *   request = {"description":.., "secret":API-KEY, "permitted_ips":[..]}
 *   answer  = an id (core/message/id.h)
 *   element = {"DeviceServer":{"id":.., "created":.., "updated":.., "ip":..,
 *                              "description":.., "status":..}}
 */
#ifndef TRIVET_CORE_MESSAGE_DEVICE_H
#define TRIVET_CORE_MESSAGE_DEVICE_H

#include "base/buffer.h"
#include "base/secret.h"
#include "core/address.h"
#include "core/device.h"
#include "core/limits.h"
#include "core/reason.h"
#include "trivet/status.h"

struct trivet_list;

struct trivet_device_request {
    char description[TRIVET_MAX_DESCRIPTION + 1];
    struct trivet_secret api_key;
    struct trivet_permitted permitted; /* empty: the caller's address alone */
};

/* Empty when memory ran out, or a text is not UTF-8. */
struct trivet_buffer trivet_device_request_write(const char *description,
    struct trivet_slice api_key, const char *const *permitted_ips,
    size_t num_permitted_ips);

/* On a complaint, *out holds nothing of use. Wipe out->api_key after use. */
TRIVET_MUST_USE struct trivet_complaint trivet_device_request_read(
    struct trivet_slice body, struct trivet_device_request *out);

void trivet_list_add_device(
    struct trivet_list *list, const struct trivet_device *device);

#endif
