/* SPDX-License-Identifier: Apache-2.0 */
/* answers.c - answers from files: what the sandbox's API answers */
#include "sandbox/answers/answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "sandbox/answers/own.h"

enum trivet_status
trivet_answers_new(struct trivet_answers **out, struct trivet_error *err)
{
    struct trivet_answers *answers = calloc(1, sizeof *answers);

    if (answers == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "answers", "out of memory");
    }

    *out = answers;
    return TRIVET_OK;
}

void
trivet_answers_free(struct trivet_answers *answers)
{
    if (answers != NULL) {
        trivet_answer_folder_release(&answers->root);
        free(answers);
    }
}

/* ---- refusals ---------------------------------------------------------- */

static enum trivet_status
refuse(struct trivet_answering *a, enum trivet_reason reason)
{
    a->reply->reason = reason;

    return TRIVET_OK;
}

static enum trivet_status
refuse_method(
    struct trivet_answering *a, const bool allowed[TRIVET_NUM_ANSWER_METHODS])
{
    char *allow = a->reply->allow;

    for (int i = 0; i < TRIVET_NUM_ANSWER_METHODS; i++) {
        size_t len = strlen(allow);
        const char *comma = len == 0 ? "" : ", ";

        if (allowed[i]) {
            (void) snprintf(allow + len, TRIVET_MAX_ANSWER_ALLOW - len, "%s%s",
                comma,
                trivet_answer_method_name((enum trivet_answer_method) i));
        }
    }

    return refuse(a, TRIVET_REASON_METHOD_NOT_ALLOWED);
}

/* Takes the text over. */
static void
set_body(struct trivet_answering *a, struct trivet_buffer *text)
{
    a->reply->body = *text;
    memset(text, 0, sizeof *text);
}

/* ---- GET --------------------------------------------------------------- */

/* The folder of which the path's last part is a number; NULL: none. */
static const struct trivet_answer_folder *
find_store(const struct trivet_answers *answers,
    const struct trivet_answer_path *path, long long *out_id)
{
    const struct trivet_answer_folder *folder;

    if (path->num < 2
        || !trivet_slice_to_id(path->segments[path->num - 1], out_id)) {
        return NULL;
    }

    folder = trivet_answer_find(&answers->root, path, path->num - 1);

    return folder != NULL && folder->is_store ? folder : NULL;
}

/* One kept object, under the lock; false: there is none. */
static bool
find_object(
    const struct trivet_answering *a, int64_t id, struct trivet_slice *out)
{
    const struct trivet_slice last = a->path.segments[a->path.num - 1];
    struct trivet_slice path = a->collection;

    path.len -= last.len + 1; /* and the slash in front of it */

    return trivet_made_find(
        a->memory->made, a->request->user_id, path, id, out);
}

/* The answer with one kept object; false: there is none. */
static bool
show_object(struct trivet_answering *a, int64_t id, struct trivet_buffer *out)
{
    struct trivet_slice text;
    enum trivet_status status = TRIVET_E_NOT_FOUND;

    trivet_answering_lock(a);
    if (find_object(a, id, &text)) {
        status =
            trivet_buffer_append(out, trivet_slice_text("{\"Response\":["));
        if (status == TRIVET_OK) {
            status = trivet_buffer_append(out, text);
        }
        if (status == TRIVET_OK) {
            status = trivet_buffer_append(out, trivet_slice_text("]}"));
        }
    }
    trivet_answering_unlock(a);

    return status == TRIVET_OK;
}

/* ---- files ------------------------------------------------------------- */

/* The request's body as JSON, where a text of this file needs it. */
static enum trivet_status
read_body(
    struct trivet_answering *a, enum trivet_answer_method method, json_t **out)
{
    const struct trivet_answer_folder *folder = a->folder;
    bool needs_body = trivet_template_uses_body(folder->answers[method])
                      || (method == TRIVET_ANSWER_POST && folder->object != NULL
                          && trivet_template_uses_body(folder->object));

    *out = NULL;
    if (!needs_body
        || (method == TRIVET_ANSWER_GET && a->request->body.len == 0)) {
        return TRIVET_OK;
    }

    *out = trivet_json_load(a->request->body, JSON_REJECT_DUPLICATES, NULL);
    if (!trivet_template_accepts(*out)) {
        json_decref(*out);
        *out = NULL;
        return TRIVET_E_MALFORMED;
    }

    a->values.body = *out;
    return TRIVET_OK;
}

/* Appends the JSON of the last element of an answer's Response. */
static enum trivet_status
take_last_element(struct trivet_slice answer, struct trivet_buffer *out)
{
    json_t *root = trivet_json_load(answer, 0, NULL);
    const json_t *list = json_object_get(root, "Response");
    const json_t *element = json_array_get(list, json_array_size(list) - 1);
    size_t len = json_dumpb(element, NULL, 0, JSON_COMPACT);
    enum trivet_status status = TRIVET_E_MEMORY;

    if (len > 0) {
        status = trivet_buffer_reserve(out, len);
    }
    if (status == TRIVET_OK) {
        (void) json_dumpb(element, out->data + out->len, len, JSON_COMPACT);
        out->len += len;
        out->data[out->len] = '\0';
    }

    json_decref(root);
    return status;
}

/* answer: what the POST is answered with. */
static enum trivet_status
keep_object(struct trivet_answering *a, struct trivet_slice answer)
{
    struct trivet_buffer text = trivet_buffer_make(TRIVET_MAX_RENDERED);
    enum trivet_status status;
    bool is_kept;

    if (a->folder->object != NULL) {
        status = trivet_template_render(a->folder->object, &a->values, &text);
    } else {
        status = take_last_element(answer, &text);
    }

    if (status == TRIVET_OK) {
        trivet_answering_lock(a);
        is_kept = trivet_made_keep(a->memory->made, a->request->user_id,
            a->collection, a->values.id, trivet_buffer_slice(&text));
        trivet_answering_unlock(a);
        status = is_kept ? TRIVET_OK : TRIVET_E_LIMIT;
    }

    trivet_buffer_free(&text);
    return status;
}

static void
take_number(struct trivet_answering *a)
{
    trivet_answering_lock(a);
    a->values.id = trivet_made_next_id(a->memory->made);
    trivet_answering_unlock(a);
}

static enum trivet_status
render(struct trivet_answering *a, enum trivet_answer_method method,
    struct trivet_buffer *out)
{
    const struct trivet_template *template = a->folder->answers[method];
    bool keeps = method == TRIVET_ANSWER_POST && a->folder->is_store;

    if (keeps || trivet_template_uses_id(template)) {
        take_number(a);
    }

    TRIVET_TRY(trivet_template_render(template, &a->values, out));

    return keeps ? keep_object(a, trivet_buffer_slice(out)) : TRIVET_OK;
}

static enum trivet_status
answer_from_file(struct trivet_answering *a, enum trivet_answer_method method)
{
    struct trivet_buffer text = trivet_buffer_make(TRIVET_MAX_RENDERED);
    json_t *body;
    enum trivet_status status = read_body(a, method, &body);

    if (status == TRIVET_E_MALFORMED) {
        return refuse(a, TRIVET_REASON_JSON_INVALID);
    }

    status = render(a, method, &text);
    if (status == TRIVET_OK) {
        set_body(a, &text);
    }

    json_decref(body);
    trivet_buffer_free(&text);

    return status;
}

/* ---- the request ------------------------------------------------------- */

static void
note_collection(struct trivet_answering *a)
{
    a->collection = a->request->path;
    if (a->collection.data[a->collection.len - 1] == '/') {
        a->collection.len--;
    }
}

static void
note_methods(const struct trivet_answer_folder *folder,
    bool allowed[TRIVET_NUM_ANSWER_METHODS])
{
    for (int i = 0; folder != NULL && i < TRIVET_NUM_ANSWER_METHODS; i++) {
        allowed[i] |= folder->answers[i] != NULL;
    }

    allowed[TRIVET_ANSWER_GET] |= folder != NULL && folder->is_store;
}

static enum trivet_status
answer_get(struct trivet_answering *a, const struct trivet_answer_folder *store,
    int64_t id)
{
    struct trivet_buffer text = trivet_buffer_make(TRIVET_MAX_RENDERED);

    if (store != NULL && show_object(a, id, &text)) {
        set_body(a, &text);
        return TRIVET_OK;
    }

    trivet_buffer_free(&text);
    if (a->folder != NULL && a->folder->is_list) {
        return trivet_answer_list(a);
    }
    if (a->folder != NULL && a->folder->answers[TRIVET_ANSWER_GET] != NULL) {
        return answer_from_file(a, TRIVET_ANSWER_GET);
    }

    return refuse(a, TRIVET_REASON_ROUTE_NOT_FOUND);
}

static enum trivet_status
answer_request(const struct trivet_answers *answers, struct trivet_answering *a)
{
    bool allowed[TRIVET_NUM_ANSWER_METHODS] = {false};
    const struct trivet_answer_folder *store;
    enum trivet_answer_method method;
    long long id = 0;

    if (!trivet_answer_path_read(a->request->path, &a->path)) {
        return refuse(a, TRIVET_REASON_ROUTE_NOT_FOUND);
    }

    a->folder = trivet_answer_find(&answers->root, &a->path, a->path.num);
    store = find_store(answers, &a->path, &id);
    if (a->folder == NULL && store == NULL) {
        return refuse(a, TRIVET_REASON_ROUTE_NOT_FOUND);
    }

    note_methods(a->folder, allowed);
    allowed[TRIVET_ANSWER_GET] |= store != NULL || a->request->has_other_get;
    if (!trivet_answer_method_find(a->request->method, &method)
        || !allowed[method]) {
        return refuse_method(a, allowed);
    }

    a->values.segments = a->path.segments;
    a->values.num_segments = a->path.num;
    a->values.now_us = a->request->now_us;
    note_collection(a);

    return method == TRIVET_ANSWER_GET ? answer_get(a, store, id)
                                       : answer_from_file(a, method);
}

void
trivet_answers_reply_to(const struct trivet_answers *answers,
    const struct trivet_answers_memory *memory,
    const struct trivet_answers_request *request,
    struct trivet_answers_reply *out)
{
    struct trivet_answering a = {
        .memory = memory, .request = request, .reply = out};
    enum trivet_status status;

    memset(out, 0, sizeof *out);
    status = answer_request(answers, &a);

    if (status == TRIVET_E_LIMIT) {
        out->reason = TRIVET_REASON_BODY_TOO_LARGE;
    } else if (status != TRIVET_OK) {
        out->reason = TRIVET_REASON_INTERNAL;
    }
}

bool
trivet_answers_has(
    const struct trivet_answers *answers, struct trivet_slice path)
{
    struct trivet_answer_path parts;
    long long id;

    return trivet_answer_path_read(path, &parts)
           && (trivet_answer_find(&answers->root, &parts, parts.num) != NULL
               || find_store(answers, &parts, &id) != NULL);
}

static bool
was_made(struct trivet_answering *a, int64_t id)
{
    struct trivet_slice text;
    bool was;

    note_collection(a);
    trivet_answering_lock(a);
    was = find_object(a, id, &text);
    trivet_answering_unlock(a);

    return was;
}

bool
trivet_answers_answer(const struct trivet_answers *answers,
    const struct trivet_answers_memory *memory,
    const struct trivet_answers_request *request)
{
    struct trivet_answering a = {.memory = memory, .request = request};
    enum trivet_answer_method method;
    long long id;

    if (!trivet_answer_path_read(request->path, &a.path)
        || !trivet_answer_method_find(request->method, &method))
    {
        return false;
    }

    a.folder = trivet_answer_find(&answers->root, &a.path, a.path.num);
    if (a.folder != NULL
        && (a.folder->answers[method] != NULL
            || (method == TRIVET_ANSWER_GET && a.folder->is_list)))
    {
        return true;
    }

    return method == TRIVET_ANSWER_GET
           && find_store(answers, &a.path, &id) != NULL && was_made(&a, id);
}
