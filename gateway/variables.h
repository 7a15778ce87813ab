/* SPDX-License-Identifier: Apache-2.0 */
/* variables.h - $trivet_... */
#ifndef TRIVET_GATEWAY_VARIABLES_H
#define TRIVET_GATEWAY_VARIABLES_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/* Before the configuration is read. */
ngx_int_t ngx_http_trivet_add_variables(ngx_conf_t *cf);

#endif
