/* SPDX-License-Identifier: Apache-2.0 */
/* device.c - POST device-server: binds an API key to addresses; and the list */
#include "core/message/device.h"

#include <string.h>

#include "core/json_tree.h"
#include "core/message/fields.h"
#include "core/message/list.h"
#include "core/message/text.h"
#include "core/message/json_value.h"

struct trivet_buffer
trivet_device_request_write(const char *description,
    struct trivet_slice api_key, const char *const *permitted_ips,
    size_t num_permitted_ips)
{
    json_t *root = json_pack("{s:s, s:s%}", "description", description,
        "secret", api_key.data, api_key.len);
    json_t *list;

    if (root == NULL || num_permitted_ips == 0) {
        return trivet_message_write_request(root);
    }

    list = json_array();
    for (size_t i = 0; i < num_permitted_ips; i++) {
        trivet_json_append(&list, json_string(permitted_ips[i]));
    }
    trivet_json_put(&root, "permitted_ips", list);

    return trivet_message_write_request(root);
}

static struct trivet_complaint
refuse(enum trivet_reason reason)
{
    return trivet_fields_refuse(reason, "permitted_ips");
}

static struct trivet_complaint
read_permitted(const json_t *root, struct trivet_permitted *out)
{
    const json_t *list = json_object_get(root, "permitted_ips");
    size_t i;
    const json_t *entry;

    memset(out, 0, sizeof *out);

    if (list == NULL || json_is_null(list)) {
        return trivet_fields_accept();
    }
    if (!json_is_array(list)) {
        return refuse(TRIVET_REASON_FIELD_INVALID);
    }

    json_array_foreach(list, i, entry)
    {
        struct trivet_slice text;

        if (!json_is_string(entry)) {
            return refuse(TRIVET_REASON_FIELD_INVALID);
        }

        text = trivet_slice_make(
            json_string_value(entry), json_string_length(entry));
        if (trivet_permitted_add(out, text) != TRIVET_OK) {
            return refuse(TRIVET_REASON_PERMITTED_IP_INVALID);
        }
    }

    return trivet_fields_accept();
}

static struct trivet_complaint
read_fields(const json_t *root, struct trivet_device_request *out)
{
    size_t len = 0;
    struct trivet_complaint complaint = trivet_fields_copy(
        root, "description", out->description, TRIVET_MAX_DESCRIPTION, &len);

    if (complaint.reason != TRIVET_REASON_NONE) {
        return complaint;
    }
    out->description[len] = '\0';

    complaint = trivet_fields_take_secret(root, &out->api_key);
    if (complaint.reason != TRIVET_REASON_NONE) {
        return complaint;
    }

    return read_permitted(root, &out->permitted);
}

struct trivet_complaint
trivet_device_request_read(
    struct trivet_slice body, struct trivet_device_request *out)
{
    struct trivet_complaint complaint;
    json_t *root = trivet_fields_load(body, &complaint);

    if (root != NULL) {
        complaint = read_fields(root, out);
        json_decref(root);
    }

    return complaint;
}

void
trivet_list_add_device(
    struct trivet_list *list, const struct trivet_device *device)
{
    const char *status = device->is_blocked ? "BLOCKED" : "ACTIVE";

    trivet_list_add(
        list, json_pack("{s:{s:I, s:o, s:o, s:o, s:s, s:s}}", "DeviceServer",
                  "id", (json_int_t) device->id, "created",
                  trivet_json_time(device->created_us), "updated",
                  trivet_json_time(device->created_us), "ip",
                  trivet_json_address(&device->address), "description",
                  device->description, "status", status));
}
