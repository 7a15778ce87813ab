/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.c - what a call's last exchange can be proven with later */
#include "client/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/encrypted.h"
#include "client/proof.h"
#include "core/field_names.h"

static const char left_out[] = "[left out]";

static void
release_part(struct trivet_evidence_part *part)
{
    trivet_buffer_free(&part->head);
    memset(part, 0, sizeof *part);
}

void
trivet_evidence_release(struct trivet_evidence *evidence)
{
    release_part(&evidence->request);
    release_part(&evidence->answer);
    memset(evidence, 0, sizeof *evidence);
}

/* The digests of a body, and of head and body. */
static enum trivet_status
digest_both(struct trivet_slice head, struct trivet_slice body,
    struct trivet_evidence_part *part)
{
    struct trivet_digest *digest = trivet_digest_new();
    enum trivet_status status = TRIVET_E_MEMORY;

    if (digest != NULL) {
        status = trivet_digest_bytes(digest, body, part->body);
    }
    if (status == TRIVET_OK) {
        trivet_digest_start(digest);
        trivet_digest_add(digest, head);
        trivet_digest_add(digest, body);
        status = trivet_digest_finish(digest, part->covered);
    }

    trivet_digest_free(digest);
    return status;
}

/* Copies a head, without the value of its token's line. */
static enum trivet_status
copy_head(struct trivet_slice head, struct trivet_buffer *out)
{
    static const char token[] = TRIVET_FIELD_TOKEN ": ";

    *out = trivet_buffer_make(head.len + sizeof left_out);
    while (head.len > 0) {
        const unsigned char *end = memchr(head.data, '\n', head.len);
        size_t len = end == NULL ? head.len : (size_t) (end - head.data) + 1;
        struct trivet_slice line = trivet_slice_make(head.data, len);

        if (trivet_slice_starts_with(line, token)) {
            TRIVET_TRY(trivet_buffer_append(out, trivet_slice_text(token)));
            TRIVET_TRY(trivet_buffer_append(out, trivet_slice_text(left_out)));
            line = trivet_slice_text("\n");
        }
        TRIVET_TRY(trivet_buffer_append(out, line));
        head = trivet_slice_after(head, len);
    }

    return TRIVET_OK;
}

/* head: taken over; its data NULL: there is none to be had. */
static enum trivet_status
fill_part(struct trivet_evidence_part *part, enum trivet_scheme scheme,
    struct trivet_slice head, struct trivet_slice body)
{
    enum trivet_status status = TRIVET_E_MEMORY;

    part->scheme = scheme;
    if (scheme == TRIVET_SCHEME_BODY) {
        return digest_both(trivet_slice_make("", 0), body, part);
    }

    if (head.data != NULL) {
        status = digest_both(head, body, part);
    }
    if (status == TRIVET_OK) {
        status = copy_head(head, &part->head);
    }
    free((void *) (uintptr_t) head.data);

    return status;
}

static void
copy_signature(const struct trivet_header *headers, size_t num_headers,
    const char *name, struct trivet_evidence_part *part)
{
    const char *value = trivet_wire_header(headers, num_headers, name);

    if (value != NULL) {
        (void) snprintf(part->signature, sizeof part->signature, "%s", value);
    }
}

void
trivet_evidence_begin(struct trivet_evidence *evidence,
    const struct trivet_wire_request *request, enum trivet_scheme scheme,
    const struct trivet_private_key *key, int64_t now_us)
{
    struct trivet_evidence_part *part;
    struct trivet_slice head = trivet_slice_make(NULL, 0);

    if (evidence == NULL) {
        return;
    }

    trivet_evidence_release(evidence);
    part = &evidence->request;
    evidence->was_sent = true;
    evidence->sent_us = now_us;
    (void) snprintf(evidence->url, sizeof evidence->url, "%s", request->url);
    copy_signature(request->headers, request->num_headers,
        TRIVET_FIELD_CLIENT_SIGNATURE, part);
    part->is_encrypted =
        trivet_has_encryption(request->headers, request->num_headers);

    if (scheme == TRIVET_SCHEME_FULL) {
        head = trivet_request_head(request->method, request->url,
            request->headers, request->num_headers);
    }
    evidence->status = fill_part(part, scheme, head, request->body);
    if (evidence->status == TRIVET_OK && key != NULL) {
        evidence->status = trivet_private_key_public(key, &part->key);
    }
}

void
trivet_evidence_add_answer(struct trivet_evidence *evidence,
    const struct trivet_wire_answer *answer, bool is_verified,
    enum trivet_scheme scheme, struct trivet_slice server_key)
{
    struct trivet_evidence_part *part;
    struct trivet_slice head = trivet_slice_make(NULL, 0);
    enum trivet_status status;

    if (evidence == NULL) {
        return;
    }

    part = &evidence->answer;
    evidence->has_answer = true;
    evidence->answer_status = answer->status;
    part->is_encrypted =
        trivet_has_encryption(answer->headers, answer->num_headers);
    if (is_verified) {
        copy_signature(answer->headers, answer->num_headers,
            TRIVET_FIELD_SERVER_SIGNATURE, part);
        memcpy(part->key.der, server_key.data, server_key.len);
        part->key.der_len = server_key.len;
    } else {
        scheme = TRIVET_SCHEME_BODY; /* nothing is signed */
    }

    if (scheme == TRIVET_SCHEME_FULL) {
        head = trivet_answer_head(answer);
    }
    status = fill_part(part, scheme, head, trivet_buffer_slice(&answer->body));
    if (status != TRIVET_OK) {
        evidence->status = status;
    }
}
