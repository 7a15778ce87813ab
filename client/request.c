/* SPDX-License-Identifier: Apache-2.0 */
/* request.c - a request before it is sent: its URL, its header, its id */
#include "client/request.h"

#include <stdio.h>
#include <string.h>

#include "build.h"
#include "client/target.h"
#include "core/field_names.h"
#include "crypto/digest.h"

enum { MAX_METHOD = 16 }; /* bytes */

const char *
trivet_wire_header(
    const struct trivet_header *headers, size_t num, const char *name)
{
    for (size_t i = 0; i < num; i++) {
        if (trivet_slice_equal_nocase(
                trivet_slice_text(headers[i].name), trivet_slice_text(name)))
        {
            return headers[i].value;
        }
    }

    return NULL;
}

/* A name is a token, and a value has no line end that would begin a header of
 * its own. */
static bool
is_header_safe(const struct trivet_header *header)
{
    static const char token_marks[] = "!#$%&'*+-.^_`|~";

    if (header->name[0] == '\0') {
        return false;
    }

    for (const char *p = header->name; *p != '\0'; p++) {
        bool is_letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
                         || (*p >= '0' && *p <= '9');

        if (!is_letter && strchr(token_marks, *p) == NULL) {
            return false;
        }
    }

    for (const char *p = header->value; *p != '\0'; p++) {
        if (((unsigned char) *p < 0x20 && *p != '\t') || *p == 0x7f) {
            return false;
        }
    }

    return true;
}

/* method = 1*16UPALPHA. Not HEAD: its answer has no body to verify. */
static bool
is_method_usable(const char *method)
{
    size_t len = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    return len > 0 && len <= MAX_METHOD && method[len] == '\0'
           && strcmp(method, "HEAD") != 0;
}

/* Adds a field of trivet's own, unless the caller has set it. */
static void
add_own(struct trivet_request *request, const struct trivet_order *order,
    const char *name, const char *value)
{
    if (trivet_wire_header(order->headers, order->num_headers, name) == NULL) {
        request->headers[request->num_headers++] =
            (struct trivet_header){name, value};
    }
}

/* Fields that a caller must not set; the last two give the body's length. */
static const char *const own_headers[] = {TRIVET_FIELD_TOKEN,
    TRIVET_FIELD_CLIENT_SIGNATURE, "Content-Length", "Transfer-Encoding"};

static bool
is_own(const char *name)
{
    return trivet_slice_is_among(trivet_slice_text(name), own_headers,
        sizeof own_headers / sizeof own_headers[0]);
}

static enum trivet_status
add_given(struct trivet_request *request, const struct trivet_order *order,
    struct trivet_error *err)
{
    if (order->num_headers > TRIVET_MAX_REQUEST_HEADERS / 2) {
        return trivet_error_set(
            err, TRIVET_E_LIMIT, "call", "more than 32 headers");
    }

    for (size_t i = 0; i < order->num_headers; i++) {
        const struct trivet_header *header = &order->headers[i];

        if (is_own(header->name)) {
            return trivet_error_set(err, TRIVET_E_USAGE, "call",
                "only trivet may set %s", header->name);
        }
        if (!is_header_safe(header)) {
            return trivet_error_set(err, TRIVET_E_USAGE, "call",
                "a header's name or value has a character that is not allowed");
        }

        request->headers[request->num_headers++] = *header;
    }

    return TRIVET_OK;
}

static enum trivet_status
add_headers(struct trivet_request *request, const struct trivet_order *order,
    struct trivet_error *err)
{
    TRIVET_TRY(add_given(request, order, err));

    add_own(request, order, "Cache-Control", "no-cache");
    add_own(request, order, "User-Agent", "trivet/" TRIVET_VERSION);
    add_own(request, order, TRIVET_FIELD_LANGUAGE, "en_US");
    add_own(request, order, TRIVET_FIELD_REGION, "nl_NL");
    add_own(request, order, TRIVET_FIELD_GEOLOCATION, "0 0 0 0 000");
    add_own(request, order, TRIVET_FIELD_REQUEST_ID, request->id);
    if (order->body.len > 0) {
        add_own(request, order, "Content-Type", "application/json");
    }
    if (order->token != NULL) {
        add_own(request, order, TRIVET_FIELD_TOKEN,
            (const char *) order->token->bytes);
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_request_build(const struct trivet_order *order, const char *base_url,
    struct trivet_request *out, struct trivet_error *err)
{
    unsigned char random[TRIVET_UUID_LEN];
    const char *below;

    if (!is_method_usable(order->method)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "call",
            "the method has to be capital letters, and not HEAD");
    }

    TRIVET_TRY(trivet_target_below(base_url, order->path, &below, err));
    if (snprintf(out->url, sizeof out->url, "%s/%s", base_url, below)
        >= (int) sizeof out->url)
    {
        return trivet_error_set(
            err, TRIVET_E_USAGE, "call", "the path is too long");
    }

    if (trivet_random(random, sizeof random) != TRIVET_OK) {
        return trivet_error_set(
            err, TRIVET_E_CRYPTO, "call", "no random bytes for an id");
    }
    trivet_uuid_format(random, out->id);
    out->num_headers = 0;

    return add_headers(out, order, err);
}

void
trivet_request_add_signature(struct trivet_request *request)
{
    request->headers[request->num_headers++] = (struct trivet_header){
        TRIVET_FIELD_CLIENT_SIGNATURE, request->signature};
}

bool
trivet_method_is_safe(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}
