/* SPDX-License-Identifier: Apache-2.0 */
/* device.c - devices: list */
#include "authority/operator/calls/calls.h"

#include "authority/operator/json.h"
#include "store/noun/device.h"
#include "store/search.h"

const struct trivet_operator_field trivet_device_fields[] = {
    {.name = "id", .type = TRIVET_TYPE_ID},
    {.name = "user_id", .type = TRIVET_TYPE_ID},
    {.name = "api_key_id", .type = TRIVET_TYPE_ID},
    {.name = "installation_id", .type = TRIVET_TYPE_ID},
    {.name = "ip",
        .type = TRIVET_TYPE_TEXT,
        .max = TRIVET_MAX_ADDRESS_TEXT,
        .meaning = "the address that registered it"},
    {.name = "created", .type = TRIVET_TYPE_MOMENT},
    {.name = "description",
        .type = TRIVET_TYPE_TEXT,
        .max = TRIVET_MAX_DESCRIPTION,
        .meaning = "in the words of whoever registered it"},
    {.name = NULL},
};

static void
add_device(void *operation, const struct trivet_device *row)
{
    trivet_operation_push(operation,
        json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "id",
            (json_int_t) row->id, "user_id", (json_int_t) row->user_id,
            "api_key_id", (json_int_t) row->api_key_id, "installation_id",
            (json_int_t) row->installation_id, "ip",
            trivet_operator_json_address(&row->address), "created",
            trivet_json_moment(row->created_us), "description",
            trivet_operator_json_text(row->description)));
}

enum trivet_status
trivet_operator_device_list(struct trivet_operation *operation)
{
    const struct trivet_search search = {
        .text = trivet_operation_text(operation, "q"),
        .user_id = trivet_operation_integer(operation, "user_id"),
        .api_key_id = trivet_operation_integer(operation, "api_key_id"),
        .page = operation->page,
    };
    enum trivet_status status;

    if (operation->page == NULL) {
        status = trivet_store_device_list(
            operation->store, add_device, operation, operation->err);
    } else {
        status = trivet_store_device_search(
            operation->store, &search, add_device, operation, operation->err);
    }

    return trivet_operation_check(operation, status);
}
