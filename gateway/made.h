/* SPDX-License-Identifier: Apache-2.0 */
/* made.h - what POSTs made; and whether files answer a request */
#ifndef TRIVET_GATEWAY_MADE_H
#define TRIVET_GATEWAY_MADE_H

#include "gateway/conf.h"
#include "sandbox/answers/answers.h"

/* The memory of all workers, which a reload keeps. NULL: logged. */
ngx_shm_zone_t *ngx_http_trivet_add_made(ngx_conf_t *cf);
/* The same, as the files' rules ask for it. */
struct trivet_answers_memory ngx_http_trivet_made_of(
    ngx_http_trivet_loc_conf_t *tlcf);

/* Whether the files of the location answer the request, or what a POST of that
 * user made does: what is built in answers the others. */
ngx_uint_t ngx_http_trivet_files_answer(
    ngx_http_request_t *r, ngx_http_trivet_loc_conf_t *tlcf, int64_t user_id);

#endif
