/* SPDX-License-Identifier: Apache-2.0 */
/* incidents.h - the sandbox's failures on purpose */
#ifndef TRIVET_GATEWAY_INCIDENTS_H
#define TRIVET_GATEWAY_INCIDENTS_H

#include "gateway/conf.h"

/* When the configuration was read, before the filters of signing.h are entered.
 * Without trivet_sandbox_state it does nothing. NGX_ERROR: logged. */
ngx_int_t ngx_http_trivet_init_incidents(
    ngx_conf_t *cf, ngx_http_trivet_main_conf_t *tmcf);

#endif
