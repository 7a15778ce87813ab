/* SPDX-License-Identifier: Apache-2.0 */
/* conf.h - the nginx configuration that "trivet proxy" runs on */
#ifndef TRIVET_CLI_PROXY_CONF_H
#define TRIVET_CLI_PROXY_CONF_H

#include "cli/proxy/listen.h"
#include "cli/proxy/options.h"

struct cli_proxy_conf {
    const struct cli_proxy_options *options;
    const struct cli_listener *listener;
    const struct cli_listener *monitor; /* NULL: none */
    const char *module;     /* path of ngx_http_trivet_proxy_module.so */
    const char *dir;        /* the data directory                      */
    const char *context;    /* the context's file, absolute; "": none  */
    const char *token_file; /* the same; "": none */
    const char *receipts;   /* the same */
    const char *record;     /* the same */
    const char *replay;     /* the same; then there is no context */
};

/* The text, to be freed; NULL when memory ran out. There is no secret in it. */
char *cli_proxy_conf_format(const struct cli_proxy_conf *conf);

#endif
