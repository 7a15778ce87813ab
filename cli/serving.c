/* SPDX-License-Identifier: Apache-2.0 */
/* serving.c - between "trivet serve" and the commands on its data directory */
#define _DEFAULT_SOURCE
#include "cli/clock.h"
#include "base/file.h"
#include "cli/output.h"
#include "cli/serving.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { STEP_MS = 20, MAX_STEPS = 3000, MAX_TOLD = 512 };

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
    struct flock lock = whole_file();
    char path[CLI_MAX_PATH];
    int fd;

    if (trivet_file_is_missing(dir)) {
        return TRIVET_OK;
    }

    TRIVET_TRY(open_lock(dir, "change.lock", &fd, path, err));

    while (fcntl(fd, F_SETLKW, &lock) != 0) {
        if (errno != EINTR) {
            return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "serving",
                "%s: %s", path, strerror(errno));
        }
    }

    return TRIVET_OK;
}

/* The process that serves; 0: none. */
static pid_t
find_holder(const char *dir)
{
    struct flock lock = whole_file();
    char path[CLI_MAX_PATH];
    pid_t pid = 0;
    int fd;

    if (cli_data_path(dir, "lock", path, NULL) != TRIVET_OK) {
        return 0;
    }

    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }

    if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) {
        pid = lock.l_pid;
    }

    (void) close(fd);
    return pid > 0 ? pid : 0;
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

/* The file's status and words. */
static enum trivet_status
take_told(const char *text, struct trivet_error *err)
{
    char words[MAX_TOLD] = "";
    long long at_us;
    int status;

    if (sscanf(text, "%lld %d %511[^\n]", &at_us, &status, words) < 2) {
        return trivet_error_set(err, TRIVET_E_INTERNAL, "serving",
            "the gateway's result cannot be read");
    }

    if (status == TRIVET_OK) {
        return TRIVET_OK;
    }

    return trivet_error_set(err, TRIVET_E_INTERNAL, "serving",
        "the gateway did not take it: %s", words);
}

enum trivet_status
cli_serving_reload(
    const char *dir, bool *out_is_running, struct trivet_error *err)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    char path[CLI_MAX_PATH];
    char before[MAX_TOLD] = "";
    char now[MAX_TOLD];
    pid_t pid = find_holder(dir);

    *out_is_running = pid != 0;
    if (pid == 0) {
        return TRIVET_OK;
    }

    TRIVET_TRY(cli_data_path(dir, "reloaded", path, err));
    if (cli_read_file(path, before, sizeof before, NULL) != TRIVET_OK) {
        before[0] = '\0';
    }

    if (kill(pid, SIGUSR1) != 0) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "serving",
            "no signal can be sent to the gateway (process %ld): %s",
            (long) pid, strerror(errno));
    }

    for (int i = 0; i < MAX_STEPS; i++) {
        if (cli_read_file(path, now, sizeof now, NULL) == TRIVET_OK
            && strcmp(now, before) != 0)
        {
            return take_told(now, err);
        }
        if (find_holder(dir) != pid) {
            *out_is_running = false; /* it ended: the next start takes it in */
            return TRIVET_OK;
        }
        (void) nanosleep(&step, NULL);
    }

    return trivet_error_set(err, TRIVET_E_INTERNAL, "serving",
        "the gateway (process %ld) does not report whether it accepted it",
        (long) pid);
}
