/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h - the server's keys, and the roots of payment service providers */
#ifndef TRIVET_GATEWAY_KEYS_H
#define TRIVET_GATEWAY_KEYS_H

#include "gateway/conf.h"

/* Of trivet_server_key: files and public halves, when the configuration is
 * read. NGX_ERROR: logged. */
ngx_int_t ngx_http_trivet_load_keys(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);
/* In each worker: opens the keys that have URIs, makes the signers. A key that
 * cannot be opened is logged, and refuses the installations that have it. */
ngx_int_t ngx_http_trivet_open_keys(
    ngx_cycle_t *cycle, ngx_http_trivet_main_conf_t *tmcf);
/* Of trivet_psp_ca, when the configuration is read. NGX_ERROR: logged. */
ngx_int_t ngx_http_trivet_load_roots(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);

#endif
