/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h - the sandbox's state: its clock, its incidents. Outside the
 * sandbox the clock is the machine's, and no incident is on.
 */
#ifndef TRIVET_GATEWAY_SANDBOX_H
#define TRIVET_GATEWAY_SANDBOX_H

#include "gateway/conf.h"
#include "sandbox/state.h"

/* Maps the file of trivet_sandbox_state; workers inherit it. NGX_ERROR: logged.
 */
ngx_int_t ngx_http_trivet_map_sandbox(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);
/* When a worker begins: what the functions without an argument ask. */
void ngx_http_trivet_take_sandbox(ngx_http_trivet_main_conf_t *tmcf);

ngx_int_t ngx_http_trivet_is_on(
    ngx_http_trivet_main_conf_t *tmcf, enum trivet_incident incident);
/* How far its clock was moved forward. */
int64_t ngx_http_trivet_clock_offset_us(void);
int64_t ngx_http_trivet_clock_offset_s(ngx_http_trivet_main_conf_t *tmcf);
/* Sessions up to this id end at their next use; 0: none. */
int64_t ngx_http_trivet_last_session_to_end(void);
bool ngx_http_trivet_is_server_key_rotated(void);
/* Of the incident sandbox-reset: whether it took that one. */
bool ngx_http_trivet_has_lost_installation(int64_t id);
bool ngx_http_trivet_has_lost_api_key(int64_t id);
/* Another address in place of the caller's, while that incident is on. */
void ngx_http_trivet_flip_address(
    ngx_http_trivet_main_conf_t *tmcf, struct trivet_address *address);

#endif
