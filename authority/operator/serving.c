/* SPDX-License-Identifier: Apache-2.0 */
/* serving.c - a gateway that serves a data directory, and who changes what it
 * is configured with
 */
#define _GNU_SOURCE /* locks of an open file */
#include "authority/operator/serving.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    STEP_MS = 20,
    MAX_STEPS = 3000,
    MAX_TOLD = 512,
    MAX_CONF = 262144 /* bytes of nginx.conf, with the NUL */
};

static struct flock
whole_file(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

enum trivet_status
trivet_data_path(const char *dir, const char *name,
    char out[TRIVET_MAX_DATA_PATH], struct trivet_error *err)
{
    int len = snprintf(out, TRIVET_MAX_DATA_PATH, "%s/%s", dir, name);

    if (len < 0 || len >= TRIVET_MAX_DATA_PATH) {
        return trivet_error_set(
            err, TRIVET_E_LIMIT, "serving", "the path is too long");
    }

    return TRIVET_OK;
}

/* As much as there is room for; "" when there is none. */
static void
read_text(const char *path, char *out, size_t cap)
{
    FILE *file = fopen(path, "re");
    size_t len = 0;

    if (file != NULL) {
        len = fread(out, 1, cap - 1, file);
        (void) fclose(file);
    }

    out[len] = '\0';
}

bool
trivet_serving_is_configured(const char *dir, const char *text)
{
    char path[TRIVET_MAX_DATA_PATH];
    char *conf = malloc(MAX_CONF);
    bool is = false;

    if (conf != NULL
        && trivet_data_path(dir, "nginx.conf", path, NULL) == TRIVET_OK)
    {
        read_text(path, conf, MAX_CONF);
        is = strstr(conf, text) != NULL;
    }

    free(conf);
    return is;
}

/* ---- changing ---------------------------------------------------------- */

/* A lock of the open file: threads of one process wait for each other, too. */
static enum trivet_status
lock_file(const char *path, int *out_fd, struct trivet_error *err)
{
    struct flock lock = whole_file();
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    while (fd >= 0 && fcntl(fd, F_OFD_SETLKW, &lock) != 0) {
        if (errno != EINTR) {
            int number = errno;

            (void) close(fd);
            errno = number;
            fd = -1;
        }
    }
    if (fd < 0) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "serving", "%s: %s",
            path, strerror(errno));
    }

    *out_fd = fd;
    return TRIVET_OK;
}

enum trivet_status
trivet_serving_begin_change(
    const char *dir, int *out_fd, struct trivet_error *err)
{
    char path[TRIVET_MAX_DATA_PATH];

    *out_fd = -1;
    if (dir == NULL || trivet_file_is_missing(dir)) {
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_data_path(dir, "change.lock", path, err));

    return lock_file(path, out_fd, err);
}

void
trivet_serving_end_change(int fd)
{
    if (fd >= 0) {
        (void) close(fd);
    }
}

/* ---- telling ----------------------------------------------------------- */

/* Whether somebody serves; *out_pid: the process, as it is seen from here (0:
 * it is not). Such locks are of processes. */
static bool
find_holder(const char *dir, pid_t *out_pid)
{
    struct flock lock = whole_file();
    char path[TRIVET_MAX_DATA_PATH];
    bool is_held;
    int fd;

    *out_pid = 0;
    if (trivet_data_path(dir, "lock", path, NULL) != TRIVET_OK) {
        return false;
    }

    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }

    is_held = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (is_held && lock.l_pid > 0) {
        *out_pid = lock.l_pid;
    }

    (void) close(fd);
    return is_held;
}

bool
trivet_serving_is_running(const char *dir)
{
    pid_t pid;

    return find_holder(dir, &pid);
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

/* *out stays NOT_RUNNING when it ended: its next start takes it in. */
static enum trivet_status
wait_for(const char *dir, pid_t pid, const char *path, const char *before,
    enum trivet_operator_told *out, struct trivet_error *err)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    char now[MAX_TOLD];
    pid_t holder;

    for (int i = 0; i < MAX_STEPS; i++) {
        read_text(path, now, sizeof now);
        if (now[0] != '\0' && strcmp(now, before) != 0) {
            *out = TRIVET_TOLD_RELOADED;
            return take_told(now, err);
        }
        (void) find_holder(dir, &holder);
        if (holder != pid) {
            return TRIVET_OK;
        }
        (void) nanosleep(&step, NULL);
    }

    return trivet_error_set(err, TRIVET_E_INTERNAL, "serving",
        "the gateway (process %ld) does not report whether it accepted it",
        (long) pid);
}

enum trivet_status
trivet_serving_reload(
    const char *dir, enum trivet_operator_told *out, struct trivet_error *err)
{
    char path[TRIVET_MAX_DATA_PATH];
    char before[MAX_TOLD];
    pid_t pid;

    *out = TRIVET_TOLD_NONE_KNOWN;
    if (dir == NULL) {
        return TRIVET_OK;
    }

    *out = TRIVET_TOLD_NOT_RUNNING;
    (void) find_holder(dir, &pid);
    if (pid == 0) {
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_data_path(dir, "reloaded", path, err));
    read_text(path, before, sizeof before);

    if (kill(pid, SIGUSR1) != 0) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "serving",
            "no signal can be sent to the gateway (process %ld): %s",
            (long) pid, strerror(errno));
    }

    return wait_for(dir, pid, path, before, out, err);
}
