/* SPDX-License-Identifier: Apache-2.0 */
/* answers.h - trivet_answers: a built-in API that answers from files */
#ifndef TRIVET_GATEWAY_ANSWERS_H
#define TRIVET_GATEWAY_ANSWERS_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/* The directive: folders, none or several; may be given again. */
char *ngx_http_trivet_answers(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
#endif
