/* SPDX-License-Identifier: Apache-2.0 */
/* file_lock.c - locks between threads and processes */
#define _DEFAULT_SOURCE /* flock */
#include "client/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "client/place.h"

enum { LOCK_POLL_MS = 5 };

static bool
try_lock(int fd, bool may_wait)
{
    int result;

    do {
        result = flock(fd, may_wait ? LOCK_EX : LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);

    return result == 0;
}

/* Owns fd from here on, also on failure. */
static enum trivet_status
lock_fd(int fd, const char *path, int max_wait_s, struct trivet_file_lock *out,
    struct trivet_error *err)
{
    const struct timespec pause = {0, LOCK_POLL_MS * 1000000L};
    long num_tries = max_wait_s * (1000L / LOCK_POLL_MS);

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

/* In a folder that many may write to, the file may be another user's, or a
 * second name of something else. */
static bool
is_own_lock(int fd, const char *path)
{
    const struct trivet_file_rule rule = {
        .owner = TRIVET_FILE_OURS_OR_ROOTS,
        .refuses_two_names = true,
    };

    return trivet_file_check(fd, path, &rule, NULL) == TRIVET_OK;
}

static enum trivet_status
open_lock(const struct trivet_place *place, const char *path, int *out,
    struct trivet_error *err)
{
    int fd = openat(place->folder, place->name,
        O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    bool is_fixed;

    if (fd >= 0 && !is_own_lock(fd, path)) {
        (void) close(fd);
        return trivet_error_set(err, TRIVET_E_USAGE, "file.lock",
            "%s: belongs to another user, or has a second name", path);
    }
    if (fd >= 0) {
        *out = fd;
        return TRIVET_OK;
    }

    is_fixed =
        errno == ENOSPC || errno == EDQUOT || trivet_place_is_fixed(errno);
    if (is_fixed
        && (errno == EROFS
            || faccessat(place->folder, place->name, F_OK, AT_SYMLINK_NOFOLLOW)
                   != 0))
    {
        return trivet_error_set(
            err, TRIVET_E_NOT_FOUND, "file.lock", "%s cannot be made", path);
    }

    return trivet_error_set(err, TRIVET_E_USAGE, "file.lock",
        "%s: cannot open the lock file: %s", path, strerror(errno));
}

/* Whether the lock file was removed (erase.c) before we had it: it then keeps
 * nobody away, and is released. */
static bool
was_removed(struct trivet_file_lock *lock)
{
    struct stat info;

    if (fstat(lock->fd, &info) != 0 || info.st_nlink > 0) {
        return false;
    }

    trivet_file_lock_release(lock);
    return true;
}

enum trivet_status
trivet_file_lock_acquire(const char *path, int max_wait_s,
    struct trivet_file_lock *out, struct trivet_error *err)
{
    struct trivet_place place;
    enum trivet_status status;
    int fd = -1;

    out->is_read_only = false;
    TRIVET_TRY(trivet_place_find(path, false, &place, err));
    do {
        status = open_lock(&place, path, &fd, err);
        if (status == TRIVET_OK) {
            status = lock_fd(fd, path, max_wait_s, out, err);
        }
    } while (status == TRIVET_OK && was_removed(out));
    trivet_place_release(&place);

    return status;
}

enum trivet_status
trivet_file_lock_itself(const char *path, int max_wait_s,
    struct trivet_file_lock *out, struct trivet_error *err)
{
    struct trivet_place place;
    enum trivet_status status;
    int fd;

    TRIVET_TRY(trivet_place_find(path, true, &place, err));
    out->is_read_only = false;
    fd = openat(place.folder, place.name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        out->is_read_only = true;
        fd = openat(place.folder, place.name,
            O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    }
    trivet_place_release(&place);
    if (fd < 0) {
        status = errno == ENOENT ? TRIVET_E_NOT_FOUND : TRIVET_E_USAGE;
        return trivet_error_set(err, status, "file.lock", "%s: cannot open: %s",
            path, strerror(errno));
    }

    return lock_fd(fd, path, max_wait_s, out, err);
}

void
trivet_file_lock_release(struct trivet_file_lock *lock)
{
    /* Not by closing alone: a child forked meanwhile has a copy of it. */
    (void) flock(lock->fd, LOCK_UN);
    (void) close(lock->fd);
}
