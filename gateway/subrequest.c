/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subrequest.c - the precontent phase: no request passes undecided
 *
 * nginx runs no access phase for subrequests (auth_request, SSI's include,
 * mirror, add_before_body). The precontent phase is the last one before the
 * request leaves for the API behind, or for any other content, and every
 * request passes it; our handler is the first in it. What was admitted in the
 * access phase goes on.
 *
 * A subrequest is decided as its caller is: by the credentials of the main
 * request, with its method, target, fields and body, under the rule of the
 * location that the subrequest goes to. When the main request was admitted
 * under a rule that asks for no less, it is admitted with it.
 *
 * Clones (slice, a cache's update in the background) begin behind this phase,
 * with the location and the header of a request that has passed it.
 */
#include "gateway/subrequest.h"

#include "gateway/request.h"
ngx_uint_t
ngx_http_trivet_admit_with_main(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx)
{
    const struct trivet_request *main_request, *request = &ctx->request;
    ngx_http_trivet_ctx_t *of_main;

    of_main = r == r->main ? NULL : ngx_http_trivet_get_ctx(r->main);

    if (of_main == NULL || !of_main->is_admitted || of_main->is_preflight
        || of_main->request.call != NULL || request->call != NULL
        || of_main->answer.verdict.admission != TRIVET_ALLOW)
    {
        return 0;
    }

    main_request = &of_main->request;

    if (main_request->profile != request->profile
        || main_request->rule.token != request->rule.token
        || (trivet_decide_needs_signature(&request->rule, request->profile)
            && !trivet_decide_needs_signature(
                &main_request->rule, main_request->profile)))
    {
        return 0;
    }

    ctx->answer.verdict = of_main->answer.verdict;
    ctx->answer.identity = of_main->answer.identity;
    ctx->answer.server_key = of_main->answer.server_key;
    ctx->state = NGX_HTTP_TRIVET_DECIDED;

    return 1;
}


unsigned
ngx_http_trivet_subrequest_status(unsigned status)
{
    if (status < NGX_HTTP_BAD_REQUEST || status == NGX_HTTP_UNAUTHORIZED
        || status >= NGX_HTTP_INTERNAL_SERVER_ERROR)
    {
        return status;
    }

    return NGX_HTTP_FORBIDDEN;
}
