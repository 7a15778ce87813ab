/* SPDX-License-Identifier: Apache-2.0 */
/* answer.c - an operator's calls over HTTP: from a request to its answer */
#include "authority/operator/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/operator/given.h"
#include "base/timestamp.h"
#include "core/json_tree.h"
#include "core/message/error.h"
#include "core/message/text.h"
#include "store/noun/clock.h"

/* ---- finding ----------------------------------------------------------- */

static struct trivet_slice
cut_segment(struct trivet_slice *path)
{
    size_t len = 0;
    struct trivet_slice segment;

    while (len < path->len && path->data[len] != '/') {
        len++;
    }
    segment = trivet_slice_make(path->data, len);
    len += len < path->len;
    *path = trivet_slice_make(path->data + len, path->len - len);

    return segment;
}

/* "{id}" stands for any segment but an empty one. */
static bool
fits(const char *pattern, struct trivet_slice path)
{
    struct trivet_slice wanted = trivet_slice_text(pattern);

    while (wanted.len > 0 && path.len > 0) {
        struct trivet_slice want = cut_segment(&wanted);
        struct trivet_slice have = cut_segment(&path);
        bool is_any = want.len > 0 && want.data[0] == '{';

        if (is_any ? have.len == 0 : !trivet_slice_equal(want, have)) {
            return false;
        }
    }

    return wanted.len == 0 && path.len == 0;
}

const struct trivet_operator_call *
trivet_operator_find(
    struct trivet_slice method, struct trivet_slice path, bool *out_is_path)
{
    const struct trivet_operator_call *call = trivet_operator_calls;

    *out_is_path = false;
    if (path.len > 0 && path.data[path.len - 1] == '/') {
        return NULL;
    }

    for (; call->name != NULL; call++) {
        if (fits(call->path, path)) {
            *out_is_path = true;
            if (trivet_slice_is(method, call->method)) {
                return call;
            }
        }
    }

    return NULL;
}

/* ---- answers ----------------------------------------------------------- */

void
trivet_operator_answer_error(
    struct trivet_operator_answer *out, unsigned status, const char *text)
{
    out->status = status;
    (void) snprintf(out->detail, sizeof out->detail, "%s", text);
    trivet_buffer_free(&out->body);
    out->body = trivet_error_answer_write_text(out->detail);
}

void
trivet_operator_answer_one(
    struct trivet_operator_answer *out, const char *noun, json_t *row)
{
    out->status = 200;
    out->body = trivet_message_write_answer(
        json_pack("{s:[{s:o}]}", "Response", noun, row));
}

/* Any other is 500. */
static unsigned
status_of(enum trivet_status status)
{
    static const struct {
        enum trivet_status status;
        unsigned http;
    } rows[] = {
        {TRIVET_E_USAGE, 400},
        {TRIVET_E_MALFORMED, 400},
        {TRIVET_E_LIMIT, 400},
        {TRIVET_E_NOT_FOUND, 404},
        {TRIVET_E_CONFLICT, 409},
        {TRIVET_E_UNAVAILABLE, 503},
        {TRIVET_E_AGAIN, 503},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].status == status) {
            return rows[i].http;
        }
    }

    return 500;
}

/* Each row under its noun. The rows are wiped by their owner: a secret may be
 * in them. */
static json_t *
wrap_rows(const struct trivet_operator_call *call, const json_t *rows)
{
    json_t *list = json_array();
    size_t i;
    json_t *row;

    json_array_foreach(rows, i, row)
    {
        trivet_json_append(&list, json_pack("{s:O}", call->noun, row));
    }

    return list;
}

/* The path and the query of a page beside this one. */
static json_t *
make_url(const struct trivet_operator_call *call, const json_t *given,
    const struct trivet_page *page, const char *edge, const json_t *row)
{
    int64_t id = json_integer_value(json_object_get(row, "id"));
    char query[3 * TRIVET_MAX_OPERATOR_QUERY];

    if (row == NULL) {
        return json_null();
    }

    trivet_given_write_query(call, given, query, sizeof query);

    return json_sprintf("%s?%s%s=%lld&count=%lld", call->path, query, edge,
        (long long) id, (long long) page->count);
}

/* item, if it is wanted. */
static const json_t *
choose(bool is_wanted, const json_t *item)
{
    return is_wanted ? item : NULL;
}

/* There is one row more than the page has, if there are more. */
static json_t *
make_pagination(const struct trivet_operator_call *call, const json_t *given,
    const struct trivet_page *page, const json_t *rows, bool has_more)
{
    size_t num = json_array_size(rows);
    const json_t *first = json_array_get(rows, 0);
    const json_t *last = num == 0 ? NULL : json_array_get(rows, num - 1);
    bool is_newer = page->newer_id >= 0;
    bool has_newer = is_newer ? has_more : page->older_id != INT64_MAX;
    bool has_older = is_newer || has_more;

    return json_pack("{s:o, s:o, s:o}", "future_url",
        make_url(call, given, page, "newer_id", choose(!has_newer, first)),
        "newer_url",
        make_url(call, given, page, "newer_id", choose(has_newer, first)),
        "older_url",
        make_url(call, given, page, "older_id", choose(has_older, last)));
}

/* Those that follow are found the oldest first, and shown the newest first. */
static json_t *
turn(json_t *rows)
{
    json_t *turned = json_array();
    size_t i;
    json_t *row;

    json_array_foreach(rows, i, row)
    {
        if (json_array_insert(turned, 0, row) != 0) {
            json_decref(turned);
            turned = NULL;
            break;
        }
    }

    json_decref(rows);
    return turned;
}

static struct trivet_buffer
write_page(const struct trivet_operator_call *call, const json_t *given,
    const struct trivet_page *page, json_t **rows)
{
    bool has_more = json_array_size(*rows) > (size_t) page->count;

    if (has_more) {
        (void) json_array_remove(*rows, (size_t) page->count);
    }
    if (page->newer_id >= 0) {
        *rows = turn(*rows);
    }

    return trivet_message_write_answer(
        json_pack("{s:o, s:o}", "Response", wrap_rows(call, *rows),
            "Pagination", make_pagination(call, given, page, *rows, has_more)));
}

/* ---- running ----------------------------------------------------------- */

static enum trivet_status
take_time(const struct trivet_operator_config *config,
    struct trivet_operation *operation)
{
    struct trivet_store_clock clock;
    int64_t offset_us = config->offset_us();
    int64_t now_us = config->clock_us();

    TRIVET_TRY(
        trivet_store_clock_get(operation->store, &clock, operation->err));

    operation->now_us = now_us;
    if (clock.latest_us + offset_us > now_us) {
        operation->now_us = clock.latest_us + offset_us;
    }

    return TRIVET_OK;
}

static enum trivet_status
run(const struct trivet_operator_config *config,
    const struct trivet_operator_call *call,
    const struct trivet_operator_request *request,
    struct trivet_operation *operation)
{
    enum trivet_status status;

    TRIVET_TRY(trivet_store_open(config->store_url, TRIVET_STORE_EXISTING,
        &operation->store, operation->err));
    trivet_store_act_as_operator(operation->store, request->operator_name);

    status = take_time(config, operation);
    if (status == TRIVET_OK) {
        status = trivet_operator_run(call, operation);
    }
    trivet_store_close(operation->store);

    return status;
}

/* What hurts somebody is told with whom. */
static void
write_conflict(const json_t *rows, struct trivet_operator_answer *out)
{
    trivet_buffer_free(&out->body);
    out->body = trivet_message_write_answer(
        json_pack("{s:[{s:s, s:s, s:[{s:O}]}]}", "Error", "error_description",
            out->detail, "error_description_translated", out->detail,
            "error_additional_parameter", "rows", rows));
}

static void
write_answer(const struct trivet_operator_call *call, const json_t *given,
    const struct trivet_page *page, struct trivet_operation *operation,
    enum trivet_status status, struct trivet_operator_answer *out)
{
    if (status != TRIVET_OK) {
        trivet_operator_answer_error(
            out, status_of(status), operation->err->detail);
        if (status == TRIVET_E_CONFLICT && json_array_size(operation->rows) > 0)
        {
            write_conflict(operation->rows, out);
        }
        return;
    }

    out->status = 200;
    out->body = call->is_paged ? write_page(call, given, page, &operation->rows)
                               : trivet_message_write_response(
                                   wrap_rows(call, operation->rows));
}

void
trivet_operator_answer(const struct trivet_operator_config *config,
    const struct trivet_operator_call *call,
    const struct trivet_operator_request *request,
    struct trivet_operator_answer *out)
{
    struct trivet_error err = {.status = TRIVET_OK};
    json_t *given = NULL;
    struct trivet_page page; /* that is asked for */
    struct trivet_page more; /* one row more      */
    struct trivet_operation operation = {
        .place = &config->place,
        .clock_us = config->clock_us,
        .page = &more,
        .err = &err,
    };
    enum trivet_status status =
        trivet_given_read(call, request, &given, &page, &err);

    if (status == TRIVET_OK) {
        more = page;
        more.count++;
        operation.given = given;
        status = run(config, call, request, &operation);
    }

    write_answer(call, given, &page, &operation, status, out);
    trivet_json_wipe(given);
    json_decref(given);
    trivet_json_wipe(operation.rows);
    json_decref(operation.rows);
}
