/* SPDX-License-Identifier: Apache-2.0 */
/* nginx_path.c - what can stand in quotes in nginx's configuration */
#include "authority/operator/nginx_path.h"

#include <string.h>

bool
trivet_nginx_accepts_path(const char *path)
{
    for (const char *p = path; *p != '\0'; p++) {
        if ((unsigned char) *p < ' ' || *p == 0x7f
            || strchr("$\"'\\{};", *p) != NULL) {
            return false;
        }
    }

    return true;
}

bool
trivet_nginx_accepts_uri(const char *uri)
{
    for (const char *p = uri; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~' || strchr("$\"'\\{}", *p) != NULL) {
            return false;
        }
    }

    return true;
}
