/* SPDX-License-Identifier: Apache-2.0 */
/*
 * following.h - one thread of a gateway reads the list of changes
 */
#ifndef TRIVET_GATEWAY_FOLLOWING_H
#define TRIVET_GATEWAY_FOLLOWING_H

#include "gateway/conf.h"

typedef struct ngx_http_trivet_following_s ngx_http_trivet_following_t;

/* When a worker begins: of the first, where several gateways use the store. And
 * when it ends: whether the thread has. */
ngx_int_t ngx_http_trivet_start_following(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf);
ngx_uint_t ngx_http_trivet_end_following(ngx_http_trivet_main_conf_t *tmcf);

/* Why the list could not be read the last time; *err is untouched when it was,
 * or was not tried yet. */
void ngx_http_trivet_following_error(
    ngx_http_trivet_following_t *following, struct trivet_error *err);

#endif
