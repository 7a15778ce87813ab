/* SPDX-License-Identifier: Apache-2.0 */
/* erase.c - removing a context's file and the files beside it */
#define _DEFAULT_SOURCE
#include "client/erase.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "client/file_lock.h"
#include "client/place.h"
#include "client/secret_file.h"

enum { MAX_LOCK_WAIT_S = 60 };

static enum trivet_status
refuse(struct trivet_error *err, const char *path, const char *what)
{
    return trivet_error_set(
        err, TRIVET_E_USAGE, "erase", "%.160s: %s", path, what);
}

/* Whether it is a file that may be removed here. */
static enum trivet_status
check_name(
    int folder, const char *name, const char *path, struct trivet_error *err)
{
    struct stat info;

    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        enum trivet_status status =
            errno == ENOENT ? TRIVET_E_NOT_FOUND : TRIVET_E_USAGE;

        return trivet_error_set(
            err, status, "erase", "%.160s: %s", path, strerror(errno));
    }
    if (!S_ISREG(info.st_mode)) {
        return refuse(err, path, "not a plain file");
    }
    if (info.st_uid != geteuid() && geteuid() != 0) {
        return refuse(err, path, "belongs to another user");
    }
    if (info.st_nlink > 1) {
        return refuse(err, path,
            "has a second name (a hard link): remove that one first");
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_erase_check(const char *path, struct trivet_error *err)
{
    struct trivet_place place;
    enum trivet_status status;

    TRIVET_TRY(trivet_place_find(path, true, &place, err));
    status = check_name(place.folder, place.name, path, err);
    if (status == TRIVET_OK && trivet_secret_file_is_read_only(path)) {
        status = refuse(err, path, "is on a read-only mount");
    }
    if (status == TRIVET_OK
        && faccessat(place.folder, ".", W_OK, AT_EACCESS) != 0) {
        status = refuse(err, path, "its folder cannot be written");
    }

    trivet_place_release(&place);
    return status;
}

/* Zeros over all of it, on the disk, before its length goes too. */
static bool
overwrite(int fd)
{
    static const char zeros[4096];
    struct stat info;
    off_t at = 0;

    if (fstat(fd, &info) != 0) {
        return false;
    }

    while (at < info.st_size) {
        size_t len = sizeof zeros;
        ssize_t num;

        if (info.st_size - at < (off_t) len) {
            len = (size_t) (info.st_size - at);
        }
        num = pwrite(fd, zeros, len, at);
        if (num <= 0 && errno != EINTR) {
            return false;
        }
        at += num > 0 ? num : 0;
    }

    return fsync(fd) == 0 && ftruncate(fd, 0) == 0;
}

/* What is open, not what the name means by now: it could be another file of
 * ours that somebody has linked to the name. */
static bool
is_ours_alone(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode)
           && info.st_uid == geteuid() && info.st_nlink == 1;
}

/* Overwrites and removes the file NAME + suffix, if it is there. */
static enum trivet_status
erase_one(const struct trivet_place *place, const char *suffix,
    struct trivet_error *err)
{
    char name[TRIVET_MAX_FILE_NAME + 16];
    char path[TRIVET_MAX_FILE_PATH + 16];
    bool is_wiped;
    int fd;

    (void) snprintf(name, sizeof name, "%s%s", place->name, suffix);
    (void) snprintf(path, sizeof path, "%s%s", place->path, suffix);

    fd = openat(
        place->folder, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == EACCES
        && check_name(place->folder, name, path, err) == TRIVET_OK
        && fchmodat(place->folder, name, 0600, 0) == 0)
    {
        /* It was ours, and read-only by its mode. */
        fd = openat(place->folder, name,
            O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    }
    if (fd < 0 && errno == ENOENT) {
        return TRIVET_OK;
    }
    if (fd < 0) {
        return refuse(err, path, strerror(errno));
    }

    is_wiped = check_name(place->folder, name, path, err) == TRIVET_OK
               && is_ours_alone(fd) && overwrite(fd);
    (void) close(fd);
    if (!is_wiped) {
        return refuse(err, path, "cannot be overwritten");
    }
    if (unlinkat(place->folder, name, 0) != 0 && errno != ENOENT) {
        return trivet_error_set(err, TRIVET_E_INTERNAL, "erase",
            "%.120s: what was in it is overwritten, but the file cannot be "
            "removed: %s",
            path, strerror(errno));
    }

    return TRIVET_OK;
}

static enum trivet_status
sync_folder(const struct trivet_place *place, struct trivet_error *err)
{
    if (!trivet_file_sync_folder(place->folder)) {
        return trivet_error_set(err, TRIVET_E_INTERNAL, "erase",
            "%.160s: removed, but its folder cannot be synced", place->path);
    }

    return TRIVET_OK;
}

/* A link of ours that led to the file leads nowhere now. */
static void
remove_link(const char *path)
{
    struct stat info;

    if (lstat(path, &info) == 0 && S_ISLNK(info.st_mode)) {
        (void) unlink(path);
    }
}

static enum trivet_status
erase_all(const struct trivet_place *place, struct trivet_error *err)
{
    TRIVET_TRY(erase_one(place, "", err));
    TRIVET_TRY(erase_one(place, ".tmp", err));
    TRIVET_TRY(erase_one(place, ".throttle", err));
    /* Last: whoever waits for it sees that it is gone, and takes a new one. */
    TRIVET_TRY(erase_one(place, ".lock", err));

    return sync_folder(place, err);
}

enum trivet_status
trivet_erase_context(const char *path, struct trivet_error *err)
{
    char lock_path[TRIVET_MAX_FILE_PATH + 8];
    struct trivet_file_lock lock;
    struct trivet_place place;
    enum trivet_status status;

    TRIVET_TRY(trivet_erase_check(path, err));
    TRIVET_TRY(trivet_place_find(path, true, &place, err));

    (void) snprintf(lock_path, sizeof lock_path, "%s.lock", place.path);
    status = trivet_file_lock_acquire(lock_path, MAX_LOCK_WAIT_S, &lock, err);
    if (status == TRIVET_OK) {
        status = erase_all(&place, err);
        trivet_file_lock_release(&lock);
    }
    if (status == TRIVET_OK) {
        remove_link(path);
    }

    trivet_place_release(&place);
    return status;
}
