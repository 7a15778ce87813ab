/* SPDX-License-Identifier: Apache-2.0 */
/* nginx_parts.c - where nginx and our modules are */
#define _DEFAULT_SOURCE
#include "cli/nginx_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
cli_nginx_find_self(char out[CLI_MAX_PATH])
{
    ssize_t len = readlink("/proc/self/exe", out, CLI_MAX_PATH - 1);

    out[len > 0 ? len : 0] = '\0';
}

enum trivet_status
cli_nginx_find_part(const char *self, const char *variable, const char *beside,
    const char *installed, char out[CLI_MAX_PATH], struct trivet_error *err)
{
    const char *given = getenv(variable);
    const char *slash = strrchr(self, '/');

    if (given != NULL) {
        (void) snprintf(out, CLI_MAX_PATH, "%s", given);
        return access(out, R_OK) == 0
                   ? TRIVET_OK
                   : trivet_error_set(err, TRIVET_E_USAGE, "nginx",
                       "%s: %s: %s", variable, given, strerror(errno));
    }

    if (slash != NULL
        && snprintf(
               out, CLI_MAX_PATH, "%.*s/%s", (int) (slash - self), self, beside)
               < CLI_MAX_PATH
        && access(out, R_OK) == 0)
    {
        return TRIVET_OK;
    }

    (void) snprintf(out, CLI_MAX_PATH, "%s", installed);
    return access(out, R_OK) == 0
               ? TRIVET_OK
               : trivet_error_set(err, TRIVET_E_USAGE, "nginx",
                   "%s: not there; %s can name another", installed, variable);
}

enum trivet_status
cli_nginx_find_program(
    const char *self, char out[CLI_MAX_PATH], struct trivet_error *err)
{
    return cli_nginx_find_part(self, "TRIVET_NGINX",
        "nginx-root/usr/sbin/nginx", "/usr/sbin/nginx", out, err);
}
