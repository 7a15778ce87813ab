/* SPDX-License-Identifier: Apache-2.0 */
/* answer.c - an answer is begun here, and refused here */
#include "authority/answer.h"

#include <string.h>

#include "core/message/error.h"

void
trivet_answer_init(struct trivet_answer *answer)
{
    memset(answer, 0, sizeof *answer);
    answer->server_key = -1;
}

struct trivet_buffer
trivet_answer_error(const struct trivet_request *request,
    enum trivet_reason reason, const char *subject)
{
    return trivet_error_answer_write(reason, subject, request->language);
}

void
trivet_answer_refuse(struct trivet_answer *answer,
    const struct trivet_request *request, enum trivet_reason reason,
    const char *subject)
{
    trivet_buffer_free(&answer->body);
    answer->verdict = (struct trivet_verdict){
        .admission = TRIVET_DENY,
        .reason = reason,
    };
    answer->status = trivet_profile_status(
        request->profile, trivet_reason_row(reason)->status);
    answer->has_signature = false;
    answer->is_to_be_signed = false;
    answer->body = trivet_answer_error(request, reason, subject);
}

void
trivet_answer_explain(struct trivet_answer *answer,
    const struct trivet_request *request, const char *mistake, const char *text)
{
    struct trivet_buffer body = trivet_error_answer_write_explained(
        answer->verdict.reason, request->language, mistake, text);

    if (body.data == NULL) {
        return;
    }

    trivet_buffer_free(&answer->body);
    answer->body = body;
    answer->mistake = mistake;
}

void
trivet_answer_release(struct trivet_answer *answer)
{
    trivet_buffer_free(&answer->body);
    trivet_buffer_free(&answer->was_signed.bytes);
}
