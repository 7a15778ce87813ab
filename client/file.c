/* SPDX-License-Identifier: Apache-2.0 */
/* file.c - files that hold secrets, and locks between processes */
#define _DEFAULT_SOURCE /* flock */
#include "client/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/secret.h"

enum { LOCK_POLL_MS = 5 };

static enum trivet_status
fail(struct trivet_error *err, enum trivet_status status, const char *path,
    const char *what)
{
    return trivet_error_set(err, status, "file", "%s: %s%s%s", path, what,
        errno == 0 ? "" : ": ", errno == 0 ? "" : strerror(errno));
}

void
trivet_file_text_release(struct trivet_file_text *text)
{
    if (text->data != NULL) {
        trivet_wipe(text->data, text->len);
        free(text->data);
    }

    *text = (struct trivet_file_text){NULL, 0};
}

/* Makes room for more in text, *cap bytes as yet, max at most. */
static bool
grow(struct trivet_file_text *text, size_t *cap, size_t max)
{
    size_t wanted = *cap * 2 < max ? *cap * 2 : max;
    char *data = malloc(wanted + 1);

    if (data == NULL) {
        return false;
    }

    memcpy(data, text->data, text->len);
    trivet_wipe(text->data, text->len);
    free(text->data);
    text->data = data;
    *cap = wanted;

    return true;
}

/* Reads fd to its end, cap bytes at first and max at most. */
static enum trivet_status
read_to_end(int fd, size_t cap, size_t max, struct trivet_file_text *out,
    struct trivet_error *err)
{
    struct trivet_file_text text = {malloc(cap + 1), 0};
    enum trivet_status status = TRIVET_OK;
    ssize_t num = 1;

    if (text.data == NULL) {
        return trivet_error_set(err, TRIVET_E_MEMORY, "file", "out of memory");
    }

    while (num != 0 && status == TRIVET_OK) {
        if (text.len == cap && cap == max) {
            status = trivet_error_set(err, TRIVET_E_USAGE, "file",
                "the file has more than %zu bytes", max);
        } else if (text.len == cap && !grow(&text, &cap, max)) {
            status =
                trivet_error_set(err, TRIVET_E_MEMORY, "file", "out of memory");
        } else {
            num = read(fd, text.data + text.len, cap - text.len);
            if (num < 0 && errno != EINTR) {
                status = fail(err, TRIVET_E_USAGE, "input", "cannot read");
            }
            text.len += num > 0 ? (size_t) num : 0;
        }
    }

    if (status != TRIVET_OK) {
        trivet_file_text_release(&text);
        return status;
    }

    text.data[text.len] = '\0';
    *out = text;
    return TRIVET_OK;
}

enum trivet_status
trivet_file_read_fd(
    int fd, struct trivet_file_text *out, struct trivet_error *err)
{
    return read_to_end(
        fd, TRIVET_MAX_SECRET_FILE, TRIVET_MAX_SECRET_FILE, out, err);
}

enum trivet_status
trivet_file_read_long(
    int fd, struct trivet_file_text *out, struct trivet_error *err)
{
    return read_to_end(
        fd, TRIVET_MAX_SECRET_FILE, TRIVET_MAX_BODY_FILE, out, err);
}

/* Whom the file belongs to, and who may touch it. */
static enum trivet_status
check_owner(
    int fd, const char *path, mode_t forbidden_mode, struct trivet_error *err)
{
    struct stat info;

    errno = 0;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return fail(err, TRIVET_E_USAGE, path, "not a plain file");
    }

    if (info.st_uid != geteuid() && info.st_uid != 0) {
        return fail(err, TRIVET_E_USAGE, path, "belongs to another user");
    }

    if ((info.st_mode & forbidden_mode) != 0) {
        return trivet_error_set(err, TRIVET_E_USAGE, "file",
            "%s: mode %04o lets others at the secrets in it; chmod 600 it",
            path, (unsigned) info.st_mode & 07777U);
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_file_read(const char *path, mode_t forbidden_mode,
    struct trivet_file_text *out, struct trivet_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum trivet_status status;

    if (fd < 0) {
        return fail(err, errno == ENOENT ? TRIVET_E_NOT_FOUND : TRIVET_E_USAGE,
            path, "cannot open");
    }

    status = check_owner(fd, path, forbidden_mode, err);
    if (status == TRIVET_OK) {
        status = trivet_file_read_fd(fd, out, err);
    }

    (void) close(fd);
    return status;
}

static bool
write_all(int fd, struct trivet_slice text)
{
    while (text.len > 0) {
        ssize_t num = write(fd, text.data, text.len);

        if (num < 0 && errno == EINTR) {
            continue;
        }
        if (num <= 0) {
            return false;
        }

        text = trivet_slice_after(text, (size_t) num);
    }

    return true;
}

/* Makes a rename in the folder of path durable. */
static bool
sync_folder(const char *path)
{
    char folder[TRIVET_MAX_FILE_PATH];
    const char *slash = strrchr(path, '/');
    bool is_synced;
    int fd;

    (void) snprintf(folder, sizeof folder, "%.*s",
        slash == NULL ? 1 : (int) (slash - path) + 1,
        slash == NULL ? "." : path);

    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }

    is_synced = fsync(fd) == 0;
    (void) close(fd);
    return is_synced;
}

enum trivet_status
trivet_file_replace(
    const char *path, struct trivet_slice text, struct trivet_error *err)
{
    char temp[TRIVET_MAX_FILE_PATH];
    int len = snprintf(temp, sizeof temp, "%s.tmp", path);
    bool is_written;
    int fd;

    errno = 0;
    if (len < 0 || (size_t) len >= sizeof temp) {
        return fail(err, TRIVET_E_LIMIT, "context file", "path too long");
    }

    /* One that is there was left by a process that died while writing. */
    (void) unlink(temp);
    fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        bool is_full = errno == ENOSPC || errno == EDQUOT;

        return fail(err, is_full ? TRIVET_E_INTERNAL : TRIVET_E_USAGE, temp,
            "cannot create");
    }

    is_written = write_all(fd, text) && fsync(fd) == 0;
    is_written = close(fd) == 0 && is_written;
    if (!is_written || rename(temp, path) != 0) {
        enum trivet_status status =
            fail(err, TRIVET_E_INTERNAL, path, "cannot write");

        (void) unlink(temp);
        return status;
    }

    if (!sync_folder(path)) {
        return fail(err, TRIVET_E_INTERNAL, path, "cannot sync its folder");
    }

    return TRIVET_OK;
}

static bool
try_lock(int fd, bool may_wait)
{
    int result;

    do {
        result = flock(fd, may_wait ? LOCK_EX : LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);

    return result == 0;
}

enum trivet_status
trivet_file_lock_acquire(const char *path, int max_wait_s,
    struct trivet_file_lock *out, struct trivet_error *err)
{
    const struct timespec pause = {0, LOCK_POLL_MS * 1000000L};
    long num_tries = max_wait_s * (1000L / LOCK_POLL_MS);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        return fail(err, TRIVET_E_USAGE, path, "cannot open the lock file");
    }

    while (!try_lock(fd, max_wait_s < 0)) {
        if (errno != EWOULDBLOCK || num_tries-- <= 0) {
            (void) close(fd);
            return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "file.lock",
                "%s: another process has held it for %d s", path, max_wait_s);
        }
        (void) nanosleep(&pause, NULL);
    }

    out->fd = fd;
    return TRIVET_OK;
}

void
trivet_file_lock_release(struct trivet_file_lock *lock)
{
    /* Not by closing alone: a child forked meanwhile has a copy of it. */
    (void) flock(lock->fd, LOCK_UN);
    (void) close(lock->fd);
}
