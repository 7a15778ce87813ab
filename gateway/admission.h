/* SPDX-License-Identifier: Apache-2.0 */
/* admission.h - whether a request is admitted */
#ifndef TRIVET_GATEWAY_ADMISSION_H
#define TRIVET_GATEWAY_ADMISSION_H

#include "gateway/conf.h"

/* Of a location that has trivet_protect or trivet_calls; main request or
 * subrequest. NGX_OK: admitted. NGX_AGAIN, NGX_DONE: not yet, or answered. Else
 * a status for nginx to answer with. */
ngx_int_t ngx_http_trivet_admit(
    ngx_http_request_t *r, ngx_http_trivet_loc_conf_t *tlcf);

#endif
