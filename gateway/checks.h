/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checks.h - requests whose signatures wait to be verified several at once
 *
 * As turns.h, for the other direction. What is found valid is remembered, and
 * the decision finds it there; whatever else comes of it, the decision verifies
 * the signature itself.
 */
#ifndef TRIVET_GATEWAY_CHECKS_H
#define TRIVET_GATEWAY_CHECKS_H

#include "gateway/request.h"

/* In the worker. */
void ngx_http_trivet_init_checks(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf);

/* Adds the request; its phases go on when it was checked. NGX_ERROR: out of
 * memory. */
ngx_int_t ngx_http_trivet_take_check(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, const struct trivet_verification *wanted);

#endif
