/* SPDX-License-Identifier: Apache-2.0 */
/* wire_answer.c - an answer as it came: status, header fields, body */
#include "client/wire_answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

void
trivet_wire_answer_release(struct trivet_wire_answer *answer)
{
    for (size_t i = 0; i < answer->num_headers; i++) {
        /* The value is in the same piece. */
        free((void *) (uintptr_t) answer->headers[i].name);
    }

    free(answer->headers);
    trivet_buffer_free(&answer->body);
    memset(answer, 0, sizeof *answer);
}

/* The value stands behind the name in the same piece of memory. */
static enum trivet_status
append_field(struct trivet_wire_answer *answer, struct trivet_slice name,
    struct trivet_slice value)
{
    char *text = malloc(name.len + value.len + 2);

    if (text == NULL) {
        return TRIVET_E_MEMORY;
    }

    memcpy(text, name.data, name.len);
    text[name.len] = '\0';
    memcpy(text + name.len + 1, value.data, value.len);
    text[name.len + 1 + value.len] = '\0';
    answer->headers[answer->num_headers++] =
        (struct trivet_header){text, text + name.len + 1};

    return TRIVET_OK;
}

enum trivet_status
trivet_wire_answer_add_field(
    struct trivet_wire_answer *answer, const char *line, size_t len)
{
    struct trivet_slice slice = trivet_slice_trim(trivet_slice_make(line, len));
    const unsigned char *colon = NULL;
    size_t name_len;

    if (slice.len > 0) {
        colon = memchr(slice.data, ':', slice.len);
    }
    if (colon == NULL) {
        return TRIVET_OK; /* the empty line at the end */
    }
    if (answer->num_headers == TRIVET_MAX_WIRE_HEADERS
        || len > TRIVET_MAX_WIRE_HEADER)
    {
        return TRIVET_E_LIMIT;
    }
    if (answer->headers == NULL) {
        answer->headers =
            calloc(TRIVET_MAX_WIRE_HEADERS, sizeof answer->headers[0]);
    }
    if (answer->headers == NULL) {
        return TRIVET_E_MEMORY;
    }

    name_len = (size_t) (colon - slice.data);
    return append_field(answer, trivet_slice_make(slice.data, name_len),
        trivet_slice_trim(trivet_slice_after(slice, name_len + 1)));
}

enum trivet_status
trivet_wire_answer_add_body(
    struct trivet_wire_answer *answer, const char *data, size_t len)
{
    /* As many as were allowed with the NUL. */
    answer->body.max = TRIVET_MAX_WIRE_BODY - 1;

    return trivet_buffer_append(&answer->body, trivet_slice_make(data, len));
}
