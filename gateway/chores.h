/* SPDX-License-Identifier: Apache-2.0 */
/* chores.h - what a worker does on the store for no request */
#ifndef TRIVET_GATEWAY_CHORES_H
#define TRIVET_GATEWAY_CHORES_H

#include "gateway/conf.h"

/* When a worker begins; and when it ends, after its pool threads (blocks). */
ngx_int_t ngx_http_trivet_start_chores(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf);
void ngx_http_trivet_end_chores(ngx_http_trivet_main_conf_t *tmcf);
/* After a request was decided: has the time written to the store, when that is
 * due. */
void ngx_http_trivet_tell_time(ngx_http_trivet_main_conf_t *tmcf);

#endif
