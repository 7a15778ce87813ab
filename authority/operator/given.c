/* SPDX-License-Identifier: Apache-2.0 */
/* given.c - what a request over HTTP gives to an operator's call */
#include "authority/operator/given.h"

#include <stdio.h>
#include <string.h>

#include "base/writer.h"
#include "core/json.h"


/* ---- texts ------------------------------------------------------------- */

static int
digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }

    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "%41" and, in a query, "+" are what they stand for. */
static enum trivet_status
unescape(struct trivet_slice text, bool is_query,
    char out[TRIVET_MAX_OPERATOR_QUERY + 1], size_t *out_len)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = (char) text.data[i];

        if (len == TRIVET_MAX_OPERATOR_QUERY) {
            return TRIVET_E_LIMIT;
        }
        if (is_query && c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high =
                i + 2 < text.len ? digit_of((char) text.data[i + 1]) : -1;
            int low = i + 2 < text.len ? digit_of((char) text.data[i + 2]) : -1;

            if (high < 0 || low < 0) {
                return TRIVET_E_MALFORMED;
            }
            c = (char) (high << 4 | low);
            i += 2;
        }
        out[len++] = c;
    }

    out[len] = '\0';
    *out_len = len;
    return TRIVET_OK;
}

static const struct trivet_operator_field *
find_field(const struct trivet_operator_call *call, struct trivet_slice name)
{
    const struct trivet_operator_field *field = call->given;

    for (; field->name != NULL; field++) {
        if (trivet_slice_is(name, field->name)) {
            return field;
        }
    }

    return NULL;
}

/* A value that came as text; one that does not fit its type is left a text, for
 * the check to refuse. */
static json_t *
make_value(
    const struct trivet_operator_field *field, const char *text, size_t len)
{
    bool is_number =
        field->type == TRIVET_TYPE_ID || field->type == TRIVET_TYPE_INTEGER;
    const char *digits = is_number && text[0] == '-' ? text + 1 : text;
    long long number;

    if (is_number && trivet_slice_to_id(trivet_slice_text(digits), &number)) {
        number = digits == text ? number : -number;
        return json_integer(number);
    }
    if (field->type == TRIVET_TYPE_FLAG && strcmp(text, "true") == 0) {
        return json_true();
    }
    if (field->type == TRIVET_TYPE_FLAG && strcmp(text, "false") == 0) {
        return json_false();
    }

    return json_stringn(text, len);
}

static enum trivet_status
refuse(struct trivet_error *err, const char *what)
{
    return trivet_error_set(err, TRIVET_E_USAGE, "operator", "%s", what);
}

static enum trivet_status
put(const struct trivet_operator_call *call, json_t *given,
    struct trivet_slice name, struct trivet_slice text, bool is_query,
    struct trivet_error *err)
{
    const struct trivet_operator_field *field = find_field(call, name);
    char value[TRIVET_MAX_OPERATOR_QUERY + 1];
    int shown = name.len < 64 ? (int) name.len : 64;
    size_t len;

    if (field == NULL) {
        return trivet_error_set(err, TRIVET_E_USAGE, "operator",
            "%.*s: %s has no such field", shown, name.data, call->name);
    }
    if (json_object_get(given, field->name) != NULL) {
        return trivet_error_set(
            err, TRIVET_E_USAGE, "operator", "%s: is given twice", field->name);
    }
    if (unescape(text, is_query, value, &len) != TRIVET_OK
        || json_object_set_new(
               given, field->name, make_value(field, value, len))
               != 0)
    {
        return trivet_error_set(
            err, TRIVET_E_USAGE, "operator", "%s: cannot be read", field->name);
    }

    return TRIVET_OK;
}

/* ---- path, query, body ------------------------------------------------- */

static struct trivet_slice
cut(struct trivet_slice *rest, char at)
{
    const unsigned char *end =
        rest->len == 0 ? NULL : memchr(rest->data, at, rest->len);
    size_t len = end == NULL ? rest->len : (size_t) (end - rest->data);
    size_t skip = len + (end != NULL);
    struct trivet_slice part = trivet_slice_make(rest->data, len);

    *rest = trivet_slice_make(rest->data + skip, rest->len - skip);
    return part;
}

static enum trivet_status
read_path(const struct trivet_operator_call *call, struct trivet_slice path,
    json_t *given, struct trivet_error *err)
{
    struct trivet_slice pattern = trivet_slice_text(call->path);

    while (pattern.len > 0) {
        struct trivet_slice want = cut(&pattern, '/');
        struct trivet_slice have = cut(&path, '/');

        if (want.len > 2 && want.data[0] == '{') {
            TRIVET_TRY(
                put(call, given, trivet_slice_make(want.data + 1, want.len - 2),
                    have, false, err));
        }
    }

    return TRIVET_OK;
}

static enum trivet_status
take_edge(struct trivet_slice text, int64_t min, int64_t *out,
    struct trivet_error *err)
{
    long long number;

    if (!trivet_slice_to_id(text, &number) || number < min) {
        return refuse(err, "count, older_id, newer_id: a number, please");
    }

    *out = number;
    return TRIVET_OK;
}

static enum trivet_status
read_edge(struct trivet_slice name, struct trivet_slice text,
    struct trivet_page *page, bool *out_is_edge, struct trivet_error *err)
{
    *out_is_edge = true;
    if (trivet_slice_is(name, "older_id")) {
        return take_edge(text, 0, &page->older_id, err);
    }
    if (trivet_slice_is(name, "newer_id")) {
        return take_edge(text, 0, &page->newer_id, err);
    }
    if (trivet_slice_is(name, "count")) {
        TRIVET_TRY(take_edge(text, 1, &page->count, err));
        return page->count <= TRIVET_MAX_PAGE
                   ? TRIVET_OK
                   : refuse(err, "count: 200 at most, please");
    }

    *out_is_edge = false;
    return TRIVET_OK;
}

static enum trivet_status
read_query(const struct trivet_operator_call *call, struct trivet_slice query,
    json_t *given, struct trivet_page *page, struct trivet_error *err)
{
    while (query.len > 0) {
        struct trivet_slice value = cut(&query, '&');
        struct trivet_slice name = cut(&value, '=');
        bool is_edge = false;

        if (call->is_paged) {
            TRIVET_TRY(read_edge(name, value, page, &is_edge, err));
        }
        if (!is_edge && name.len > 0) {
            TRIVET_TRY(put(call, given, name, value, true, err));
        }
    }

    if (page->newer_id >= 0 && page->older_id != INT64_MAX) {
        return refuse(err, "older_id and newer_id exclude each other");
    }

    return TRIVET_OK;
}

/* What stands in the path must not stand there too. */
static enum trivet_status
read_body(struct trivet_slice body, json_t *given, struct trivet_error *err)
{
    json_t *root;
    const char *name;
    json_t *value;
    bool is_whole;

    if (body.len == 0) {
        return TRIVET_OK;
    }

    root = trivet_json_load(body, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(root)) {
        json_decref(root);
        return refuse(err, "the body must be a JSON object");
    }

    json_object_foreach(root, name, value)
    {
        if (json_object_get(given, name) != NULL) {
            json_decref(root);
            return refuse(err, "a field stands in the path and in the body");
        }
    }
    is_whole = json_object_update(given, root) == 0;
    json_decref(root);

    return is_whole ? TRIVET_OK
                    : trivet_error_set(
                        err, TRIVET_E_MEMORY, "operator", "out of memory");
}

enum trivet_status
trivet_given_read(const struct trivet_operator_call *call,
    const struct trivet_operator_request *request, json_t **out,
    struct trivet_page *page, struct trivet_error *err)
{
    bool is_get = strcmp(call->method, "GET") == 0;

    *page = (struct trivet_page){
        .count = 50, .newer_id = -1, .older_id = INT64_MAX};
    *out = json_object();
    if (*out == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "operator", "out of memory");
    }
    if (request->query.len > TRIVET_MAX_OPERATOR_QUERY) {
        return refuse(err, "the query is too long");
    }
    if (is_get && request->body.len > 0) {
        return refuse(err, "a GET has no body");
    }
    if (!is_get && request->query.len > 0) {
        return refuse(err, "a change has no query");
    }

    TRIVET_TRY(read_path(call, request->path, *out, err));

    return is_get ? read_query(call, request->query, *out, page, err)
                  : read_body(request->body, *out, err);
}

/* ---- writing ----------------------------------------------------------- */

static void
write_escaped(struct trivet_writer *to, const char *text)
{
    static const char plain[] = "-._~";

    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char) *text;
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
                        || (c >= 'A' && c <= 'Z') || strchr(plain, c) != NULL;
        char escaped[4];

        if (is_plain) {
            trivet_writer_put_byte(to, c);
        } else {
            (void) snprintf(escaped, sizeof escaped, "%%%02X", c);
            trivet_writer_put_text(to, escaped);
        }
    }
}

static void
write_value(struct trivet_writer *to, const json_t *value)
{
    char number[32];

    if (json_is_string(value)) {
        write_escaped(to, json_string_value(value));
    } else if (json_is_boolean(value)) {
        const char *word = json_is_true(value) ? "true" : "false";

        trivet_writer_put_text(to, word);
    } else {
        (void) snprintf(number, sizeof number, "%lld",
            (long long) json_integer_value(value));
        trivet_writer_put_text(to, number);
    }
}

void
trivet_given_write_query(const struct trivet_operator_call *call,
    const json_t *given, char *out, size_t cap)
{
    struct trivet_writer to = trivet_writer_make(out, cap - 1);
    const struct trivet_operator_field *field = call->given;

    for (; field->name != NULL; field++) {
        const json_t *value = json_object_get(given, field->name);

        if (value != NULL) {
            trivet_writer_put_text(&to, field->name);
            trivet_writer_put_text(&to, "=");
            write_value(&to, value);
            trivet_writer_put_text(&to, "&");
        }
    }

    out[to.overflowed ? 0 : to.len] = '\0';
}
