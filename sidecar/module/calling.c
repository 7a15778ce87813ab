/* SPDX-License-Identifier: Apache-2.0 */
/* calling.c - a call, its answer judged, its receipt kept */
#include "sidecar/module/calling.h"

#include "sidecar/module/context.h"
#include "sidecar/module/notes.h"
#include "sidecar/receipts.h"

#include "client/remedy.h"


/* An error may come unsigned, as the protocol has it. Anything else that does
 * is no answer: a redirect would lead the caller to where anybody likes. */
static void
ngx_http_trivet_proxy_judge(ngx_http_trivet_proxy_job_t *job)
{
    if (job->answer->is_verified || job->answer->status >= 400) {
        return;
    }

    (void) trivet_error_set(&job->err, TRIVET_E_UNTRUSTED, "proxy.judge",
        "the answer (%u) has no signature of the server's",
        job->answer->status);
    job->failure = TRIVET_FAILURE_UNTRUSTED;
}


/* What helps, in the words of trivet doctor; NULL: nothing is known to. */
static const char *
ngx_http_trivet_proxy_find_advice(
    ngx_http_trivet_proxy_job_t *job, struct trivet_context *context)
{
    const char *remedy;
    struct trivet_context_info info;

    if (job->failure == TRIVET_FAILURE_LOGIN) {
        remedy = trivet_remedy_find(job->err.detail);
        if (remedy != NULL
            || ngx_strstr(job->err.detail, "credentials") == NULL) {
            return remedy;
        }

        trivet_context_describe(context, &info);
        return trivet_remedy_of_credentials(info.has_device);
    }

    if (job->answer != NULL
        && (job->answer->status == 401 || job->answer->status == 403))
    {
        return trivet_remedy_find(
            trivet_answer_header(job->answer, "X-Trivet-Reason"));
    }

    return NULL;
}


/* The server refuses the session or the login: perhaps the machine has another
 * address now. Of its own answer the log alone tells. */
static void
ngx_http_trivet_proxy_advise(
    ngx_http_trivet_proxy_job_t *job, struct trivet_context *context)
{
    job->advice = ngx_http_trivet_proxy_find_advice(job, context);

    if (job->advice != NULL) {
        ngx_http_trivet_proxy_take_note(
            job, &(struct trivet_event){TRIVET_EVENT_WARNING, job->advice, 0});
    }
}


/* evidence NULL: none is wanted. */
static void
ngx_http_trivet_proxy_send_call(ngx_http_trivet_proxy_job_t *job,
    struct trivet_context *context, const struct trivet_call *call,
    struct trivet_evidence *evidence)
{
    if (trivet_call_with_evidence(
            context, call, evidence, &job->answer, &job->err)
        == TRIVET_OK)
    {
        ngx_http_trivet_proxy_judge(job);
    } else {
        job->failure = trivet_failure_of(&job->err);
    }

    job->shown = job->answer;
    ngx_http_trivet_proxy_advise(job, context);
}


/* What cannot be written down is a warning: the call was made. */
static void
ngx_http_trivet_proxy_record(
    ngx_http_trivet_proxy_job_t *job, const struct trivet_call *call)
{
    const char *folder = ngx_http_trivet_proxy_record_folder(job->context);
    struct trivet_error err;

    if (folder != NULL && job->failure == TRIVET_FAILURE_NONE
        && trivet_recording_write(folder, call, job->answer, &err) != TRIVET_OK)
    {
        ngx_http_trivet_proxy_take_note(
            job, &(struct trivet_event){TRIVET_EVENT_WARNING, err.detail, 0});
    }
}


/* The caller has the answer all the same: the server has acted. */
static void
ngx_http_trivet_proxy_keep_receipt(ngx_http_trivet_proxy_job_t *job,
    struct trivet_receipts *receipts, const struct trivet_call *call,
    const struct trivet_evidence *evidence, int64_t room)
{
    uint64_t number;
    struct trivet_error err;
    struct trivet_receipt receipt = {
        .evidence = evidence,
        .method = call->method,
        .body = trivet_slice_make(call->body, call->body_len),
        .failure = trivet_failure_row(job->failure)->reason,
    };

    if (job->failure == TRIVET_FAILURE_NONE) {
        receipt.answer = job->answer;
    }

    if (!evidence->was_sent) {
        trivet_receipts_cancel(receipts, room);
        return;
    }

    if (trivet_receipts_keep(receipts, &receipt, room, &number, &err)
        == TRIVET_OK) {
        job->receipt = (int64_t) number;
        return;
    }

    job->receipt = NGX_HTTP_TRIVET_PROXY_NO_RECEIPT;
    ngx_http_trivet_proxy_take_note(
        job, &(struct trivet_event){TRIVET_EVENT_WARNING, err.detail, 0});
}


/* The call, and its receipt if they are kept. */
static void
ngx_http_trivet_proxy_call_and_keep(ngx_http_trivet_proxy_job_t *job,
    struct trivet_context *context, const struct trivet_call *call)
{
    int64_t room;
    struct trivet_evidence evidence;
    struct trivet_receipts *receipts;

    receipts = ngx_http_trivet_proxy_receipts(job->context);
    if (receipts == NULL) {
        ngx_http_trivet_proxy_send_call(job, context, call, NULL);
        return;
    }

    if (trivet_receipts_reserve(receipts, call->body_len, &room, &job->err)
        != TRIVET_OK)
    {
        job->failure = TRIVET_FAILURE_RECEIPT;
        return;
    }

    ngx_memzero(&evidence, sizeof(evidence));
    ngx_http_trivet_proxy_send_call(job, context, call, &evidence);
    ngx_http_trivet_proxy_keep_receipt(job, receipts, call, &evidence, room);
    trivet_evidence_release(&evidence);
}


void
ngx_http_trivet_proxy_call(ngx_http_trivet_proxy_job_t *job,
    struct trivet_context *context, const struct trivet_call *call)
{
    ngx_http_trivet_proxy_call_and_keep(job, context, call);
    ngx_http_trivet_proxy_record(job, call);
}


/* ---- without a call ----------------------------------------------------- */

/* As a call would refuse it. */
static ngx_uint_t
ngx_http_trivet_proxy_is_path_printable(const char *path)
{
    while (*path > ' ' && *path <= '~') {
        path++;
    }

    return *path == '\0';
}


void
ngx_http_trivet_proxy_replay(ngx_http_trivet_proxy_job_t *job,
    const char *folder, const struct trivet_call *call)
{
    if (!ngx_http_trivet_proxy_is_path_printable(call->path)) {
        job->failure = TRIVET_FAILURE_REQUEST;
        return;
    }

    job->recording =
        ngx_calloc(sizeof(struct trivet_recording), ngx_cycle->log);
    if (job->recording == NULL) {
        job->failure = TRIVET_FAILURE_INTERNAL;
        return;
    }

    if (trivet_recording_find(folder, call, job->recording, &job->err)
        == TRIVET_OK) {
        job->shown = &job->recording->answer;
    } else {
        job->failure = trivet_failure_of(&job->err);
    }
}
