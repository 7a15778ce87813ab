/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template.h - an answer's text with placeholders
 *
 * The text is JSON. A placeholder stands in a string, or where a value stands:
 *
 *   {{id}}        a new number
 *   {{now}}       the time, such as 2026-01-31 12:00:00.000000
 *   {{path.N}}    the path's part N; the first one below /v1 is 1
 *   {{body}}      the request's body
 *   {{body.a.b}}  its field b in its field a; a number is a place in an array
 *
 * In a string the value is written as text, escaped as JSON wants it; nothing
 * is written for null and for a field that is missing. In the place of a value
 * it is written as JSON, and null for a field that is missing. So whatever a
 * caller sends, what comes of a template is JSON.
 *
 * Pure. A template may be rendered by several threads at once.
 */
#ifndef TRIVET_SANDBOX_ANSWERS_TEMPLATE_H
#define TRIVET_SANDBOX_ANSWERS_TEMPLATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "trivet/status.h"

enum {
    TRIVET_MAX_TEMPLATE = 64 * 1024,   /* bytes of a file */
    TRIVET_MAX_TEMPLATE_PARTS = 4096,  /* placeholders, and texts between */
    TRIVET_MAX_TEMPLATE_NAME = 128,    /* bytes between {{ and }} */
    TRIVET_MAX_RENDERED = 1024 * 1024, /* bytes that come of one */
    TRIVET_MAX_BODY_DEPTH = 64,        /* objects and arrays in one another */
    TRIVET_MAX_ANSWER_SEGMENTS = 16    /* parts of a path below /v1 */
};

struct trivet_template;

/* What is wrong with a file, and in which line (from 1; 0: in none of them). */
struct trivet_template_fault {
    size_t line;
    char text[200];
};

/* Whether a request's body may be given to a template: an object that is not
 * nested too deeply for what comes of it to be read again. NULL: no. */
bool trivet_template_accepts(const json_t *body);

/* What placeholders stand for. The segments are letters, digits, "-", "_" and
 * ".". body: what trivet_template_accepts, or
 * NULL for a request without one. */
struct trivet_template_values {
    int64_t id;
    int64_t now_us;
    const struct trivet_slice *segments;
    size_t num_segments;
    const json_t *body;
};

/*
 * Reads a template for paths of num_segments parts. The text is copied; *out is
 * owned: trivet_template_free.
 *
 * TRIVET_E_MALFORMED  not JSON, an unknown placeholder, too many; see fault.
 * TRIVET_E_LIMIT      the text is too long; see fault.
 * TRIVET_E_MEMORY     out of memory.
 */
TRIVET_MUST_USE enum trivet_status trivet_template_parse(
    struct trivet_slice text, size_t num_segments, struct trivet_template **out,
    struct trivet_template_fault *fault);
void trivet_template_free(struct trivet_template *template);

bool trivet_template_uses_id(const struct trivet_template *template);
bool trivet_template_uses_body(const struct trivet_template *template);

/*
 * Appends the text to out, which the caller made with its maximum.
 *
 * TRIVET_E_LIMIT   it is longer than out may be.
 * TRIVET_E_MEMORY  out of memory.
 */
TRIVET_MUST_USE enum trivet_status trivet_template_render(
    const struct trivet_template *template,
    const struct trivet_template_values *values, struct trivet_buffer *out);

/* The JSON that comes of it when every value is 0, empty or null: what it is,
 * whatever the values are. The caller's; NULL when memory ran out. */
json_t *trivet_template_sample(const struct trivet_template *template);

#endif
