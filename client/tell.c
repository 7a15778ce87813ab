/* SPDX-License-Identifier: Apache-2.0 */
/* tell.c - an exchange, reported line by line without its secrets */
#include "client/tell.h"

#include "core/secret_names.h"

static const char *
shown_value(const struct trivet_header *header)
{
    return trivet_secret_is_field(trivet_slice_text(header->name))
               ? "[left out]"
               : header->value;
}

void
trivet_tell_request(const struct trivet_settings *settings,
    const struct trivet_wire_request *request)
{
    if (settings->on_event == NULL) {
        return;
    }

    trivet_tell(
        settings, TRIVET_EVENT_SENT, 0, "%s %s", request->method, request->url);
    for (size_t i = 0; i < request->num_headers; i++) {
        const struct trivet_header *header = &request->headers[i];
        trivet_tell(settings, TRIVET_EVENT_SENT, 0, "%s: %s", header->name,
            shown_value(header));
    }
    trivet_tell(
        settings, TRIVET_EVENT_SENT, 0, "(%zu bytes)", request->body.len);
}

void
trivet_tell_answer(const struct trivet_settings *settings,
    const struct trivet_wire_answer *answer, bool is_verified)
{
    const char *verdict =
        is_verified ? "its signature is right" : "not verified";

    if (settings->on_event == NULL) {
        return;
    }

    trivet_tell(settings, TRIVET_EVENT_RECEIVED, 0, "%u", answer->status);
    for (size_t i = 0; i < answer->num_headers; i++) {
        const struct trivet_header *header = &answer->headers[i];

        trivet_tell(settings, TRIVET_EVENT_RECEIVED, 0, "%s: %s", header->name,
            shown_value(header));
    }
    trivet_tell(settings, TRIVET_EVENT_RECEIVED, 0, "(%zu bytes, %s)",
        answer->body.len, verdict);
}
