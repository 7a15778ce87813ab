/* SPDX-License-Identifier: Apache-2.0 */
/* list.c - a page of what a folder lists: its file's elements, what was made */
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/message/list.h"
#include "sandbox/answers/own.h"

/* An element of the file, or (NULL) an object that was made. */
struct item {
    int64_t id;
    json_t *element;
};

struct items {
    size_t num;
    size_t cap;
    struct item *items; /* newest first, once they are sorted */
};

int64_t
trivet_answer_element_id(const json_t *element)
{
    void *first = json_object_iter((json_t *) (uintptr_t) element);
    const json_t *id = json_object_get(json_object_iter_value(first), "id");

    return json_object_size(element) == 1 && json_is_integer(id)
               ? json_integer_value(id)
               : 0;
}

static bool
add_item(struct items *items, struct item item)
{
    if (items->num == items->cap) {
        size_t cap = items->cap == 0 ? 64 : 2 * items->cap;
        struct item *more = realloc(items->items, cap * sizeof *more);

        if (more == NULL) {
            return false;
        }
        items->items = more;
        items->cap = cap;
    }

    items->items[items->num++] = item;
    return true;
}

static int
compare_items(const void *one, const void *other)
{
    int64_t a = ((const struct item *) one)->id;
    int64_t b = ((const struct item *) other)->id;

    return (a < b) - (a > b);
}

/* Of the file; *root is what the elements belong to. */
static enum trivet_status
add_elements(
    const struct trivet_answering *a, struct items *items, json_t **root)
{
    const struct trivet_template *file = a->folder->answers[TRIVET_ANSWER_GET];
    struct trivet_buffer text = trivet_buffer_make(TRIVET_MAX_RENDERED);
    enum trivet_status status;
    json_t *element;
    size_t i;

    if (file == NULL) {
        return TRIVET_OK;
    }

    status = trivet_template_render(file, &a->values, &text);
    if (status == TRIVET_OK) {
        *root = trivet_json_load(trivet_buffer_slice(&text), 0, NULL);
        status = *root == NULL ? TRIVET_E_MEMORY : TRIVET_OK;
    }
    trivet_buffer_free(&text);

    json_array_foreach(json_object_get(*root, "Response"), i, element)
    {
        struct item item = {trivet_answer_element_id(element), element};

        if (status == TRIVET_OK && item.id > 0 && !add_item(items, item)) {
            status = TRIVET_E_MEMORY;
        }
    }

    return status;
}

static enum trivet_status
add_made(const struct trivet_answering *a, struct items *items)
{
    int64_t *ids;
    size_t num;

    if (!a->folder->is_store) {
        return TRIVET_OK;
    }

    ids = malloc(TRIVET_MAX_MADE * sizeof *ids);
    if (ids == NULL) {
        return TRIVET_E_MEMORY;
    }

    trivet_answering_lock(a);
    num = trivet_made_list(
        a->memory->made, a->request->user_id, a->collection, ids);
    trivet_answering_unlock(a);

    for (size_t i = 0; i < num; i++) {
        if (!add_item(items, (struct item){ids[i], NULL})) {
            free(ids);
            return TRIVET_E_MEMORY;
        }
    }

    free(ids);
    return TRIVET_OK;
}

/* The element of an object; NULL: it has given way meanwhile, or no memory. */
static json_t *
load_made(const struct trivet_answering *a, int64_t id)
{
    struct trivet_slice text;
    json_t *element = NULL;

    trivet_answering_lock(a);
    if (trivet_made_find(
            a->memory->made, a->request->user_id, a->collection, id, &text))
    {
        element = trivet_json_load(text, 0, NULL);
    }
    trivet_answering_unlock(a);

    return element;
}

/* Where the page begins and ends among the items, newest first. */
static void
find_page(const struct items *items, const struct trivet_page *page,
    size_t *out_begin, size_t *out_end)
{
    size_t begin = 0;
    size_t end;
    size_t count = (size_t) page->count;

    while (begin < items->num && items->items[begin].id >= page->older_id) {
        begin++;
    }
    for (end = begin; end < items->num; end++) {
        if (items->items[end].id <= page->newer_id) {
            break;
        }
    }

    if (end - begin > count && page->newer_id >= 0) {
        begin = end - count; /* those that follow it in time */
    } else if (end - begin > count) {
        end = begin + count;
    }

    *out_begin = begin;
    *out_end = end;
}

/* path: without a NUL. */
static void
write_urls(const struct trivet_page *page, struct trivet_page_seen *seen,
    struct trivet_slice path, struct trivet_page_urls *out)
{
    char text[TRIVET_MAX_CALL_PATH] = "";

    if (path.len < sizeof text) {
        memcpy(text, path.data, path.len);
    } else {
        seen->is_fixed = true; /* too long for a URL of ours */
    }

    trivet_page_urls(page, seen, text, out);
}

static struct trivet_buffer
make_body(const struct trivet_answering *a, const struct items *items,
    const struct trivet_page *page)
{
    struct trivet_buffer body = trivet_buffer_make(0);
    struct trivet_page_seen seen = {0};
    struct trivet_page_urls urls;
    struct trivet_list *list = trivet_list_new();
    size_t begin;
    size_t end;

    if (list == NULL) {
        return body;
    }
    if (items->num > 0) {
        seen.newest_id = items->items[0].id;
        seen.oldest_id = items->items[items->num - 1].id;
    }

    find_page(items, page, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        const struct item *item = &items->items[i];
        json_t *element = item->element == NULL ? load_made(a, item->id)
                                                : json_incref(item->element);

        if (element != NULL) {
            trivet_list_add(list, element);
            trivet_page_see(&seen, item->id);
        }
    }

    write_urls(page, &seen, a->collection, &urls);
    body = trivet_list_answer_write(list, &urls);
    trivet_list_free(list);

    return body;
}

enum trivet_status
trivet_answer_list(struct trivet_answering *a)
{
    struct items items = {0};
    struct trivet_page page;
    struct trivet_complaint complaint =
        trivet_page_read(a->request->query, &page);
    enum trivet_status status;
    json_t *root = NULL;

    if (complaint.reason != TRIVET_REASON_NONE) {
        a->reply->reason = complaint.reason;
        a->reply->subject = complaint.field;
        return TRIVET_OK;
    }

    status = add_elements(a, &items, &root);
    if (status == TRIVET_OK) {
        status = add_made(a, &items);
    }
    if (status == TRIVET_OK) {
        if (items.num > 0) {
            qsort(items.items, items.num, sizeof items.items[0], compare_items);
        }
        a->reply->body = make_body(a, &items, &page);
        status = a->reply->body.data == NULL ? TRIVET_E_MEMORY : TRIVET_OK;
    }

    free(items.items);
    json_decref(root);
    return status;
}
