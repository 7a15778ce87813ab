/* SPDX-License-Identifier: Apache-2.0 */
/* refusal.c - what an answer other than a 2xx means */
#include "client/refusal.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "client/request.h"
#include "core/message/text.h"

enum { MAX_REASON = 48 /* bytes, with the NUL */ };

/* What the known texts mean, and what to do about it. */
static const struct {
    const char *text;
    const char *advice;
} advices[] = {
    {"User credentials are incorrect",
        ": the API key is unknown, revoked or not used in its first hour, or "
        "of another environment; or this address is not permitted "
        "(trivet doctor)"},
    {"Insufficient auth", ": the server does not know this installation (any "
                          "more): log in again (trivet login --new)"},
    {"request signature is invalid",
        ": the key pair of the context file is not the installation's"},
};

/* The reason that a gateway's sandbox tells, as " [ip-not-permitted]"; "" when
 * there is none. */
static void
read_reason(const struct trivet_wire_answer *in, char out[MAX_REASON])
{
    const char *reason =
        trivet_wire_header(in->headers, in->num_headers, "X-Trivet-Reason");

    out[0] = '\0';
    if (reason != NULL && reason[0] != '\0'
        && strspn(reason, "abcdefghijklmnopqrstuvwxyz0123456789-")
               == strlen(reason)
        && snprintf(out, MAX_REASON, " [%s]", reason) >= MAX_REASON)
    {
        out[0] = '\0';
    }
}

/* Whether a 404 may come from a base URL without the API's version. */
static bool
misses_version(const struct trivet_wire_answer *in, const char *base_url)
{
    size_t len = strlen(base_url);

    return in->status == 404
           && (len < 3 || strcmp(base_url + len - 3, "/v1") != 0);
}

static enum trivet_status
status_of(unsigned http_status)
{
    if (http_status == 429) {
        return TRIVET_E_THROTTLED;
    }

    return http_status == 491 || http_status >= 500 ? TRIVET_E_UNAVAILABLE
                                                    : TRIVET_E_REFUSED;
}

enum trivet_status
trivet_refusal_explain(const struct trivet_wire_answer *in,
    const char *base_url, const char *step, struct trivet_error *err)
{
    char reason[MAX_REASON];
    json_t *root = trivet_message_parse(trivet_buffer_slice(&in->body));
    const char *text = json_string_value(
        json_object_get(json_array_get(json_object_get(root, "Error"), 0),
            "error_description"));
    const char *advice = "";
    const char *shown;
    enum trivet_status status = status_of(in->status);

    for (size_t i = 0; text != NULL && i < sizeof advices / sizeof advices[0];
         i++) {
        if (strstr(text, advices[i].text) != NULL) {
            advice = advices[i].advice;
        }
    }

    shown = text == NULL ? "(no text)" : text;
    read_reason(in, reason);
    if (misses_version(in, base_url)) {
        (void) trivet_error_set(err, status, "session",
            "%s: 404: there is no API at %.80s; did you mean %.80s/v1?", step,
            base_url, base_url);
    } else {
        (void) trivet_error_set(err, status, "session", "%s: %u %.80s%s%s",
            step, in->status, shown, reason, advice);
    }
    json_decref(root);

    return status;
}
