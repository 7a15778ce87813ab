/* SPDX-License-Identifier: Apache-2.0 */
/* key_file.c - the file of a private key */
#define _DEFAULT_SOURCE
#include "cli/serve/key_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum trivet_status
cli_serve_check_key_mode(const char *path, struct trivet_error *err)
{
    struct stat info;

    if (stat(path, &info) != 0) {
        return errno == ENOENT ? TRIVET_OK
                               : trivet_error_set(err, TRIVET_E_USAGE, "serve",
                                   "%s: %s", path, strerror(errno));
    }

    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return trivet_error_set(err, TRIVET_E_USAGE, "serve",
            "%s: with mode %04o others can use the private key; chmod 600 it",
            path, (unsigned) info.st_mode & 07777);
    }

    return TRIVET_OK;
}
