/* SPDX-License-Identifier: Apache-2.0 */
/* memos.h - signatures that all workers remember together */
#ifndef TRIVET_GATEWAY_MEMOS_H
#define TRIVET_GATEWAY_MEMOS_H

#include "gateway/conf.h"

/* Adds the shared memory, of trivet_memo_size, when the configuration was read.
 */
ngx_int_t ngx_http_trivet_add_memos(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);

#endif
