/* SPDX-License-Identifier: Apache-2.0 */
/* template.c - an answer's text with placeholders: reading it */
#include "sandbox/answers/template.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "sandbox/answers/parts.h"

/* Where the reading is. */
struct reading {
    struct trivet_template *template;
    struct trivet_slice text;
    size_t at;
    size_t line;
    size_t num_segments;
    bool is_in_string;
    struct trivet_template_fault *fault;
};

TRIVET_PRINTF(3, 4)
static enum trivet_status
find_fault(
    struct trivet_template_fault *fault, size_t line, const char *format, ...)
{
    va_list args;

    fault->line = line;
    va_start(args, format);
    (void) vsnprintf(fault->text, sizeof fault->text, format, args);
    va_end(args);

    return TRIVET_E_MALFORMED;
}

/* ---- reading ----------------------------------------------------------- */

static enum trivet_status
add_part(struct reading *r, struct trivet_template_part part)
{
    struct trivet_template *t = r->template;

    if (part.kind == TRIVET_TEMPLATE_TEXT && part.text.len == 0) {
        return TRIVET_OK;
    }
    if (t->num_parts == TRIVET_MAX_TEMPLATE_PARTS) {
        return find_fault(r->fault, r->line, "too many placeholders");
    }
    if ((t->num_parts & (t->num_parts - 1)) == 0) {
        size_t cap = t->num_parts == 0 ? 1 : 2 * t->num_parts;
        struct trivet_template_part *more =
            realloc(t->parts, cap * sizeof *more);

        if (more == NULL) {
            return TRIVET_E_MEMORY;
        }
        t->parts = more;
    }

    t->parts[t->num_parts++] = part;
    t->uses_id |= part.kind == TRIVET_TEMPLATE_ID;
    t->uses_body |= part.kind == TRIVET_TEMPLATE_BODY;
    return TRIVET_OK;
}

static bool
is_name_byte(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* A field's name: parts that are not empty, with dots between. */
static bool
is_field_name(struct trivet_slice name)
{
    bool is_empty = true;

    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == '.' && is_empty) {
            return false;
        }
        if (name.data[i] != '.' && !is_name_byte(name.data[i])) {
            return false;
        }
        is_empty = name.data[i] == '.';
    }

    return !is_empty;
}

static bool
begins_with(struct trivet_slice text, const char *head)
{
    size_t len = strlen(head);

    return text.len >= len && memcmp(text.data, head, len) == 0;
}

static enum trivet_status
read_path(struct reading *r, struct trivet_slice name,
    struct trivet_template_part *part)
{
    long long number;

    if (!trivet_slice_to_id(trivet_slice_after(name, 5), &number) || number < 1)
    {
        return find_fault(r->fault, r->line,
            "{{%.*s}}: behind path. stands a number from 1", (int) name.len,
            (const char *) name.data);
    }
    if ((unsigned long long) number > r->num_segments) {
        return find_fault(r->fault, r->line, "{{%.*s}}: the path has %zu parts",
            (int) name.len, (const char *) name.data, r->num_segments);
    }

    part->kind = TRIVET_TEMPLATE_PATH;
    part->segment = (size_t) number - 1;
    return TRIVET_OK;
}

/* name: what stands between the braces, without spaces around it. */
static enum trivet_status
read_name(struct reading *r, struct trivet_slice name)
{
    struct trivet_template_part part = {.is_in_string = r->is_in_string};

    if (trivet_slice_is(name, "id")) {
        part.kind = TRIVET_TEMPLATE_ID;
        return add_part(r, part);
    }
    if (trivet_slice_is(name, "now")) {
        part.kind = TRIVET_TEMPLATE_NOW;
        return add_part(r, part);
    }
    if (trivet_slice_is(name, "body")) {
        part.kind = TRIVET_TEMPLATE_BODY;
        return add_part(r, part);
    }
    if (begins_with(name, "body.")
        && is_field_name(trivet_slice_after(name, 5))) {
        part.kind = TRIVET_TEMPLATE_BODY;
        part.text = trivet_slice_after(name, 5);
        return add_part(r, part);
    }
    if (begins_with(name, "path.")) {
        TRIVET_TRY(read_path(r, name, &part));
        return add_part(r, part);
    }

    return find_fault(r->fault, r->line,
        "unknown placeholder {{%.*s}}: id, now, path.N, body and body.FIELD "
        "are known",
        (int) name.len, (const char *) name.data);
}

static bool
is_space(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Whatever the value is, JSON must come of it: outside of a string it stands
 * alone, behind a colon, a comma or a bracket. end: behind the placeholder. */
static enum trivet_status
check_place(const struct reading *r, size_t end)
{
    size_t begin = r->at;

    if (r->is_in_string) {
        return TRIVET_OK;
    }

    while (begin > 0 && is_space(r->text.data[begin - 1])) {
        begin--;
    }
    while (end < r->text.len && is_space(r->text.data[end])) {
        end++;
    }
    if (begin > 0 && end < r->text.len
        && memchr(":,[", r->text.data[begin - 1], 3) != NULL
        && memchr(",]}", r->text.data[end], 3) != NULL)
    {
        return TRIVET_OK;
    }

    return find_fault(r->fault, r->line,
        "a placeholder stands in a string, or where a value stands");
}

/* At "{{". */
static enum trivet_status
read_placeholder(struct reading *r)
{
    struct trivet_slice name = trivet_slice_after(r->text, r->at + 2);
    size_t len = 0;

    while (len + 1 < name.len && len <= TRIVET_MAX_TEMPLATE_NAME
           && name.data[len] != '\n' && name.data[len] >= ' '
           && memcmp(name.data + len, "}}", 2) != 0)
    {
        len++;
    }
    if (len + 1 >= name.len || memcmp(name.data + len, "}}", 2) != 0) {
        return find_fault(r->fault, r->line,
            "{{ without }} in the same line, %d bytes behind it at most",
            (int) TRIVET_MAX_TEMPLATE_NAME);
    }

    TRIVET_TRY(check_place(r, r->at + len + 4));
    r->at += len + 4;
    name.len = len;

    return read_name(r, trivet_slice_trim(name));
}

/* At a backslash in a string: leaves r->at at its last byte. A placeholder in
 * the middle of it would make anything of it. */
static enum trivet_status
pass_escape(struct reading *r)
{
    struct trivet_slice rest = trivet_slice_after(r->text, r->at + 1);
    size_t len = rest.len > 0 && rest.data[0] == 'u' ? 5 : 1;

    for (size_t i = 0; i < len; i++) {
        if (i >= rest.len || rest.data[i] == '{' || rest.data[i] == '\n') {
            return find_fault(r->fault, r->line, "not JSON: invalid escape");
        }
    }

    r->at += len;
    return TRIVET_OK;
}

/* The text up to the next placeholder, or to the end. */
static enum trivet_status
read_text(struct reading *r)
{
    struct trivet_template_part part = {
        .text = trivet_slice_after(r->text, r->at)};
    size_t begin = r->at;

    for (; r->at < r->text.len; r->at++) {
        unsigned char c = r->text.data[r->at];

        if (c == '{' && r->at + 1 < r->text.len
            && r->text.data[r->at + 1] == '{') {
            break;
        }
        if (c == '\n') {
            r->line++;
        } else if (c == '"') {
            r->is_in_string = !r->is_in_string;
        } else if (c == '\\' && r->is_in_string) {
            TRIVET_TRY(pass_escape(r));
        }
    }

    part.text.len = r->at - begin;
    return add_part(r, part);
}

static enum trivet_status
read_parts(struct reading *r)
{
    while (r->at < r->text.len) {
        TRIVET_TRY(read_text(r));
        if (r->at < r->text.len) {
            TRIVET_TRY(read_placeholder(r));
        }
    }

    return TRIVET_OK;
}

/* Zeroes for the values; where they are not in a string, too. */
static enum trivet_status
render_sample(const struct trivet_template *t, struct trivet_buffer *out)
{
    struct trivet_slice segments[TRIVET_MAX_ANSWER_SEGMENTS];
    struct trivet_template_values values = {
        .segments = segments, .num_segments = TRIVET_MAX_ANSWER_SEGMENTS};

    for (size_t i = 0; i < TRIVET_MAX_ANSWER_SEGMENTS; i++) {
        segments[i] = trivet_slice_text("0");
    }

    return trivet_template_render(t, &values, out);
}

static json_t *
load_sample(const struct trivet_template *t, json_error_t *why)
{
    struct trivet_buffer text = trivet_buffer_make(TRIVET_MAX_RENDERED);
    json_t *root = NULL;

    memset(why, 0, sizeof *why);
    if (render_sample(t, &text) == TRIVET_OK) {
        root = trivet_json_load(
            trivet_buffer_slice(&text), JSON_REJECT_DUPLICATES, why);
    }

    trivet_buffer_free(&text);
    return root;
}

json_t *
trivet_template_sample(const struct trivet_template *template)
{
    json_error_t why;

    return load_sample(template, &why);
}

/* A placeholder could stand in the middle of a letter. */
static bool
is_utf8(struct trivet_slice text)
{
    json_t *string = json_stringn((const char *) text.data, text.len);

    json_decref(string);
    return string != NULL;
}

static enum trivet_status
check_json(const struct trivet_template *t, struct trivet_slice text,
    struct trivet_template_fault *fault)
{
    json_error_t why;
    json_t *root;
    bool is_object;

    if (!is_utf8(text)) {
        return find_fault(fault, 0, "not UTF-8");
    }

    root = load_sample(t, &why);
    is_object = json_is_object(root);

    if (root == NULL) {
        size_t line = why.line > 0 ? (size_t) why.line : 1;

        return find_fault(fault, line, "not JSON: %.120s", why.text);
    }

    json_decref(root);
    return is_object ? TRIVET_OK
                     : find_fault(fault, 1, "not a JSON object, {...}");
}

enum trivet_status
trivet_template_parse(struct trivet_slice text, size_t num_segments,
    struct trivet_template **out, struct trivet_template_fault *fault)
{
    struct trivet_template *t;
    struct reading r = {
        .line = 1, .num_segments = num_segments, .fault = fault};
    enum trivet_status status;

    if (text.len > TRIVET_MAX_TEMPLATE) {
        (void) find_fault(
            fault, 0, "larger than %d bytes", (int) TRIVET_MAX_TEMPLATE);
        return TRIVET_E_LIMIT;
    }

    t = calloc(1, sizeof *t);
    if (t == NULL) {
        return TRIVET_E_MEMORY;
    }

    t->text = malloc(text.len + 1);
    status = t->text == NULL ? TRIVET_E_MEMORY : TRIVET_OK;
    if (status == TRIVET_OK) {
        if (text.len > 0) {
            memcpy(t->text, text.data, text.len);
        }
        r.template = t;
        r.text = trivet_slice_make(t->text, text.len);
        status = read_parts(&r);
    }
    if (status == TRIVET_OK) {
        status = check_json(t, r.text, fault);
    }
    if (status != TRIVET_OK) {
        trivet_template_free(t);
        return status;
    }

    *out = t;
    return TRIVET_OK;
}

void
trivet_template_free(struct trivet_template *template)
{
    if (template != NULL) {
        free(template->parts);
        free(template->text);
        free(template);
    }
}

bool
trivet_template_uses_id(const struct trivet_template *template)
{
    return template->uses_id;
}

bool
trivet_template_uses_body(const struct trivet_template *template)
{
    return template->uses_body;
}
