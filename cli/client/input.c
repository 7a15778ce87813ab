/* SPDX-License-Identifier: Apache-2.0 */
/* input.c - a file or standard input, whole */
#define _DEFAULT_SOURCE
#include "cli/client/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/exit.h"
#include "client/secret_file.h"

static int
read_input(const char *name, size_t max, struct trivet_buffer *out)
{
    struct trivet_error err;
    enum trivet_status status;
    int fd = STDIN_FILENO;

    if (strcmp(name, "-") != 0) {
        fd = open(name, O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0) {
        int number = errno == ENOENT ? CLI_NOT_FOUND : CLI_USAGE;

        return cli_complain(number, "%s: %s", name, strerror(errno));
    }

    status = trivet_input_read(fd, name, max, out, &err);
    if (fd != STDIN_FILENO) {
        (void) close(fd);
    }

    return status == TRIVET_OK ? CLI_OK : cli_fail(&err);
}

int
cli_read_input(const char *name, struct trivet_buffer *out)
{
    return read_input(name, TRIVET_MAX_SECRET_FILE, out);
}

int
cli_read_body(const char *name, struct trivet_buffer *out)
{
    return read_input(name, TRIVET_MAX_BODY_FILE, out);
}
