/* SPDX-License-Identifier: Apache-2.0 */
/* pins.h - trivet_pins: the TLS keys that the gateway announces */
#ifndef TRIVET_GATEWAY_PINS_H
#define TRIVET_GATEWAY_PINS_H

#include <ngx_config.h>
#include <ngx_core.h>

/* The directive: pins, or files with a certificate or a key. */
char *ngx_http_trivet_pins(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

#endif
