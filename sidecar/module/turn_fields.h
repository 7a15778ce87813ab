/* SPDX-License-Identifier: Apache-2.0 */
/* turn_fields.h - what a request says of its turn: who calls, how urgent it is,
 * how long it may wait, and the key of a call that must not be made twice */
#ifndef TRIVET_SIDECAR_MODULE_TURN_FIELDS_H
#define TRIVET_SIDECAR_MODULE_TURN_FIELDS_H

#include "sidecar/module/job.h"

/* Fills in the job. NGX_DECLINED: the job has a failure to tell; or an HTTP
 * status. */
ngx_int_t ngx_http_trivet_proxy_read_turn(
    ngx_http_trivet_proxy_job_t *job, ngx_http_trivet_proxy_conf_t *pcf);

#endif
