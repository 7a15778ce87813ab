/* SPDX-License-Identifier: Apache-2.0 */
/* nginx_path.h - what can stand in quotes in nginx's configuration */
#ifndef TRIVET_AUTHORITY_OPERATOR_NGINX_PATH_H
#define TRIVET_AUTHORITY_OPERATOR_NGINX_PATH_H

#include <stdbool.h>

/* Whether a path can: nginx reads "$" as a variable, and quotes or line ends
 * as syntax. No control characters. */
bool trivet_nginx_accepts_path(const char *path);

/* Whether a URI can. */
bool trivet_nginx_accepts_uri(const char *uri);

#endif
