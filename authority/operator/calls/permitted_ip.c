/* SPDX-License-Identifier: Apache-2.0 */
/* permitted_ip.c - the addresses that an API key may be used from */
#include "authority/operator/calls/calls.h"

#include "authority/operator/api_key.h"
#include "authority/operator/json.h"
#include "authority/operator/whole.h"
#include "store/noun/permitted_ip.h"

static const char *const states[] = {"ACTIVE", "INACTIVE", NULL};

const struct trivet_operator_field trivet_ip_fields[] = {
    {.name = "id", .type = TRIVET_TYPE_ID},
    {.name = "ip",
        .type = TRIVET_TYPE_TEXT,
        .min = 2,
        .max = TRIVET_MAX_ADDRESS_TEXT},
    {.name = "status", .type = TRIVET_TYPE_WORD, .words = states},
    {.name = "created", .type = TRIVET_TYPE_MOMENT},
    {.name = "updated", .type = TRIVET_TYPE_MOMENT},
    {.name = NULL},
};

static void
add_ip(void *operation, const struct trivet_permitted_ip *row)
{
    trivet_operation_push(operation,
        json_pack("{s:I, s:o, s:s, s:o, s:o}", "id", (json_int_t) row->id, "ip",
            trivet_operator_json_address(&row->address), "status",
            states[!row->is_active], "created",
            trivet_json_moment(row->created_us), "updated",
            trivet_json_moment(row->updated_us)));
}

/* All of a key: they have a maximum. */
enum trivet_status
trivet_operator_ip_list(struct trivet_operation *operation)
{
    const struct trivet_page page = {.count = TRIVET_MAX_PERMITTED_IPS,
        .newer_id = -1,
        .older_id = INT64_MAX};
    struct trivet_page_seen seen;

    return trivet_operation_check(
        operation, trivet_store_permitted_ip_page(operation->store,
                       trivet_operation_integer(operation, "id"), &page, add_ip,
                       operation, &seen, operation->err));
}

static enum trivet_status
set_ip(struct trivet_operation *operation)
{
    const char *status = trivet_operation_text(operation, "status");
    struct trivet_address address;

    if (trivet_address_parse(
            trivet_slice_text(trivet_operation_text(operation, "ip")), &address)
        != TRIVET_OK)
    {
        return trivet_error_set(operation->err, TRIVET_E_USAGE, "key.ip",
            "ip: an IPv4 or IPv6 address, please");
    }

    TRIVET_TRY(trivet_operator_set_ip(operation->store,
        trivet_operation_integer(operation, "id"), &address,
        strcmp(status, states[0]) == 0, operation->now_us, operation->err));

    return trivet_operator_ip_list(operation);
}

enum trivet_status
trivet_operator_ip_set(struct trivet_operation *operation)
{
    return trivet_operation_whole(operation, set_ip);
}
