/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replacing.h - answers whose bytes are known when the header is filtered: the
 * gateway's own, and those in place of nginx's error pages
 */
#ifndef TRIVET_GATEWAY_REPLACING_H
#define TRIVET_GATEWAY_REPLACING_H

#include "gateway/request.h"
#include "gateway/turns.h"

/* Sends body, whatever comes down as the body; nothing that the header said of
 * other bytes is left. body must live as long as ctx. */
void ngx_http_trivet_settle(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx,
    const struct trivet_buffer *body);
/* Whether nginx made this answer itself: 404, 413, 502 and the like. */
ngx_int_t ngx_http_trivet_is_nginx_error(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
/* Puts an error in the protocol's form in its place. */
ngx_int_t ngx_http_trivet_settle_error(
    ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);
/* The signature of a settled answer, if it gets one. */
ngx_int_t ngx_http_trivet_sign_settled(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_turn_pt done);
/* Whether something answers from a protected location for a request that was
 * not admitted; then hold_up makes a refusal of it. */
ngx_uint_t ngx_http_trivet_is_unasked(ngx_http_request_t *r,
    ngx_http_trivet_ctx_t *ctx, ngx_http_trivet_loc_conf_t *tlcf);
void ngx_http_trivet_hold_up(ngx_http_request_t *r, ngx_http_trivet_ctx_t *ctx);

#endif
