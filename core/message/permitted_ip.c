/* SPDX-License-Identifier: Apache-2.0 */
/* permitted_ip.c - an address from which an API key may be used */
#include "core/message/permitted_ip.h"

#include <jansson.h>
#include <string.h>

#include "core/message/fields.h"
#include "core/message/list.h"
#include "core/message/text.h"
#include "core/message/json_value.h"

static const char active[] = "ACTIVE";
static const char inactive[] = "INACTIVE";

static const char *
word_of(bool is_active)
{
    return is_active ? active : inactive;
}

struct trivet_buffer
trivet_permitted_ip_request_write(const char *address, bool is_active)
{
    return trivet_message_write_request(
        json_pack("{s:s, s:s}", "ip", address, "status", word_of(is_active)));
}

static struct trivet_complaint
read_address(const json_t *root, struct trivet_permitted_ip_request *out)
{
    struct trivet_slice text;
    struct trivet_complaint complaint =
        trivet_fields_get_optional(root, "ip", TRIVET_MAX_ADDRESS_TEXT, &text);

    if (complaint.reason != TRIVET_REASON_NONE || text.len == 0) {
        return complaint;
    }
    if (trivet_slice_is(text, "*")) {
        return trivet_fields_refuse(TRIVET_REASON_PERMITTED_IP_WILDCARD, "ip");
    }
    if (trivet_address_parse(text, &out->address) != TRIVET_OK) {
        return trivet_fields_refuse(TRIVET_REASON_FIELD_INVALID, "ip");
    }

    out->has_address = true;
    return trivet_fields_accept();
}

static struct trivet_complaint
read_status(const json_t *root, struct trivet_permitted_ip_request *out)
{
    struct trivet_slice text;
    struct trivet_complaint complaint =
        trivet_fields_get_optional(root, "status", sizeof inactive, &text);

    if (complaint.reason != TRIVET_REASON_NONE || text.len == 0) {
        return complaint;
    }

    out->has_status = true;
    out->is_active = trivet_slice_is(text, active);
    if (!out->is_active && !trivet_slice_is(text, inactive)) {
        return trivet_fields_refuse(TRIVET_REASON_FIELD_INVALID, "status");
    }

    return trivet_fields_accept();
}

struct trivet_complaint
trivet_permitted_ip_request_read(
    struct trivet_slice body, struct trivet_permitted_ip_request *out)
{
    struct trivet_complaint complaint;
    json_t *root = trivet_fields_load(body, &complaint);

    memset(out, 0, sizeof *out);

    if (root != NULL) {
        complaint = read_address(root, out);
        if (complaint.reason == TRIVET_REASON_NONE) {
            complaint = read_status(root, out);
        }
        json_decref(root);
    }

    return complaint;
}

void
trivet_list_add_permitted_ip(
    struct trivet_list *list, const struct trivet_permitted_ip *ip)
{
    trivet_list_add(list,
        json_pack("{s:{s:I, s:o, s:o, s:o, s:s}}", "PermittedIp", "id",
            (json_int_t) ip->id, "created", trivet_json_time(ip->created_us),
            "updated", trivet_json_time(ip->updated_us), "ip",
            trivet_json_address(&ip->address), "status",
            word_of(ip->is_active)));
}

bool
trivet_permitted_ip_element_read(
    const json_t *element, struct trivet_permitted_ip_shown *out)
{
    const json_t *entry = json_object_get(element, "PermittedIp");

    out->id = json_integer_value(json_object_get(entry, "id"));
    out->address = json_string_value(json_object_get(entry, "ip"));
    out->status = json_string_value(json_object_get(entry, "status"));

    return out->address != NULL;
}
