/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cors.h - which web pages may read the answers, for "trivet serve"
 *
 *   origin = ("http" / "https") "://" host [":" port]      ; lower case
 *
 * as a browser sends it (RFC 6454, 6.2). A browser asks before a call by
 * OPTIONS, without a token: nginx answers that itself for the origins named,
 * and the gateway refuses it for all others.
 */
#ifndef TRIVET_CLI_SERVE_CORS_H
#define TRIVET_CLI_SERVE_CORS_H

#include <stdbool.h>
#include <stdio.h>

enum { CLI_MAX_ORIGINS = 16, CLI_MAX_ORIGIN = 256 /* bytes, with the NUL */ };

/* Whether text is an origin. Nothing in one has a meaning to nginx. */
bool cli_origin_is_good(const char *text);

/* Into http {}, and into the server, of the configuration. num_origins is not
 * 0. */
void cli_cors_put_maps(
    FILE *to, const char *const *origins, size_t num_origins);
void cli_cors_put_server(FILE *to);

#endif
