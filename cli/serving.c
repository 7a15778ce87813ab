/* SPDX-License-Identifier: Apache-2.0 */
/* serving.c - between "trivet serve" and the commands on its data directory */
#define _DEFAULT_SOURCE
#include "cli/serving.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "authority/operator/serving.h"
#include "base/file.h"
#include "cli/clock.h"
#include "cli/output.h"

enum { MAX_TOLD = 512 };

/* POSIX locks: the kernel tells who holds one. */
static struct flock
whole_file(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

static enum trivet_status
open_lock(const char *dir, const char *name, int *out_fd,
    char path[CLI_MAX_PATH], struct trivet_error *err)
{
    TRIVET_TRY(cli_data_path(dir, name, path, err));

    *out_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*out_fd < 0) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "serving", "%s: %s",
            path, strerror(errno));
    }

    return TRIVET_OK;
}

enum trivet_status
cli_serving_lock(const char *dir, const char *command, struct trivet_error *err)
{
    struct flock lock = whole_file();
    char path[CLI_MAX_PATH];
    int fd;

    TRIVET_TRY(open_lock(dir, "lock", &fd, path, err));

    if (fcntl(fd, F_SETLK, &lock) != 0) {
        (void) close(fd);
        return trivet_error_set(err, TRIVET_E_CONFLICT, "serving",
            "%s: another %s runs on it", dir, command);
    }

    return TRIVET_OK; /* fd stays open, and with it the lock */
}

enum trivet_status
cli_serving_change(const char *dir, struct trivet_error *err)
{
    int fd; /* stays open, and with it the lock */

    return trivet_serving_begin_change(dir, &fd, err);
}

/* What is in the file: a time, to tell one from the next, then the words. */
void
cli_serving_tell(
    const char *dir, enum trivet_status status, const struct trivet_error *err)
{
    char path[CLI_MAX_PATH];
    char text[MAX_TOLD];
    const char *words = status == TRIVET_OK ? "reloaded" : err->detail;

    (void) snprintf(text, sizeof text, "%lld %d %.400s\n",
        (long long) cli_now_us(), (int) status, words);

    if (cli_data_path(dir, "reloaded", path, NULL) == TRIVET_OK
        && trivet_file_replace_whole(path, trivet_slice_text(text), 0600, NULL)
               != TRIVET_OK)
    {
        cli_tell("trivet: %s cannot be written\n", path);
    }
}

enum trivet_status
cli_serving_reload(
    const char *dir, bool *out_is_running, struct trivet_error *err)
{
    enum trivet_operator_told told;
    enum trivet_status status = trivet_serving_reload(dir, &told, err);

    *out_is_running = told == TRIVET_TOLD_RELOADED;
    return status;
}
