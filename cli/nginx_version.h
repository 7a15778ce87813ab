/* SPDX-License-Identifier: Apache-2.0 */
/* nginx_version.h - which nginx it is, where its configuration depends on that
 */
#ifndef TRIVET_CLI_NGINX_VERSION_H
#define TRIVET_CLI_NGINX_VERSION_H

#include <stdbool.h>

/* Whether HTTP/2 is switched on by a directive of its own ("http2 on", from
 * 1.25.1 on), and no longer by a word of "listen". Runs program, the path of an
 * nginx; one that does not say its version has no such directive. */
bool cli_nginx_has_http2_directive(const char *program);

#endif
