/* SPDX-License-Identifier: Apache-2.0 */
/* list.c - the answer of a call that shows things: one, or a page of them */
#include "core/message/list.h"

#include <jansson.h>
#include <stdlib.h>

#include "core/message/text.h"

struct trivet_list {
    json_t *elements;
    bool is_broken; /* an element is missing */
};

struct trivet_list *
trivet_list_new(void)
{
    struct trivet_list *list = malloc(sizeof *list);

    if (list != NULL) {
        list->elements = json_array();
        list->is_broken = list->elements == NULL;
    }

    return list;
}

void
trivet_list_free(struct trivet_list *list)
{
    if (list != NULL) {
        json_decref(list->elements);
        free(list);
    }
}

void
trivet_list_add(struct trivet_list *list, json_t *element)
{
    if (json_array_append_new(list->elements, element) != 0) {
        list->is_broken = true;
    }
}

static json_t *
make_url(const char *url)
{
    return url[0] == '\0' ? json_null() : json_string(url);
}

struct trivet_buffer
trivet_list_answer_write(
    const struct trivet_list *list, const struct trivet_page_urls *urls)
{
    if (list->is_broken) {
        return trivet_buffer_make(0);
    }
    if (urls == NULL) {
        return trivet_message_write_response(json_incref(list->elements));
    }

    return trivet_message_write_answer(
        json_pack("{s:O, s:{s:o, s:o, s:o}}", "Response", list->elements,
            "Pagination", "future_url", make_url(urls->future), "newer_url",
            make_url(urls->newer), "older_url", make_url(urls->older)));
}
