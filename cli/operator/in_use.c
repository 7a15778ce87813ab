/* SPDX-License-Identifier: Apache-2.0 */
/* in_use.c - whether another process has a SQLite store open */
#define _POSIX_C_SOURCE 200809L
#include "cli/operator/in_use.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum trivet_status
cli_in_use_open(const char *path, int *out_fd, struct trivet_error *err)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        enum trivet_status status =
            errno == ENOENT ? TRIVET_E_NOT_FOUND : TRIVET_E_UNAVAILABLE;

        return trivet_error_set(
            err, status, "store.in-use", "%s: %s", path, strerror(errno));
    }

    *out_fd = fd;
    return TRIVET_OK;
}

/* The kernel says who would stand in the way of a lock on the whole file. */
bool
cli_in_use_by_others(int fd, long *out_process)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    bool is_known = fcntl(fd, F_GETLK, &lock) == 0;

    *out_process = is_known && lock.l_pid > 0 ? (long) lock.l_pid : 0;
    return !is_known || lock.l_type != F_UNLCK;
}
