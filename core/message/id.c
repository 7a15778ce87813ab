/* SPDX-License-Identifier: Apache-2.0 */
/* id.c - answers that are an id alone, or nothing */
#include "core/message/id.h"

#include "core/message/elements.h"
#include "core/message/fields.h"
#include "core/message/list.h"
#include "core/message/text.h"

json_t *
trivet_id_element(int64_t id)
{
    return json_pack("{s:{s:I}}", "Id", "id", (json_int_t) id);
}

bool
trivet_id_element_read(const json_t *elements, int64_t *out)
{
    json_t *object = trivet_elements_find(elements, "Id");

    return trivet_elements_read_id(json_object_get(object, "id"), out);
}

struct trivet_buffer
trivet_id_answer_write(int64_t id)
{
    return trivet_message_write_response(
        json_pack("[o]", trivet_id_element(id)));
}

enum trivet_status
trivet_id_answer_read(
    struct trivet_slice answer, int64_t *out, struct trivet_error *err)
{
    json_t *root;
    json_t *elements = trivet_elements_load(answer, &root);
    bool is_read = trivet_id_element_read(elements, out);

    json_decref(root);
    return is_read ? TRIVET_OK : trivet_elements_miss(err, "has no Id");
}

void
trivet_list_add_id(struct trivet_list *list, int64_t id)
{
    trivet_list_add(list, trivet_id_element(id));
}

struct trivet_complaint
trivet_empty_request_read(struct trivet_slice body)
{
    struct trivet_complaint complaint;

    json_decref(trivet_fields_load(body, &complaint));

    return complaint;
}

struct trivet_buffer
trivet_empty_answer_write(void)
{
    return trivet_message_write_response(json_array());
}
