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
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/secret.h"
#include "client/inplace.h"

enum {
    LOCK_POLL_MS = 5,
    MAX_REWRITTEN = 4 * TRIVET_MAX_SECRET_FILE /* bytes, with a journal */
};

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

static bool
is_on_read_only_mount(int fd)
{
    struct statvfs info;

    return fstatvfs(fd, &info) == 0 && (info.f_flag & ST_RDONLY) != 0;
}

/* What to do about a file that others may read. */
static enum trivet_status
complain_of_mode(
    const char *path, const struct stat *info, struct trivet_error *err)
{
    bool is_ours = info->st_uid == geteuid() || geteuid() == 0;

    return trivet_error_set(err, TRIVET_E_USAGE, "file",
        "%.100s: mode %04o lets others at the secrets in it; %s", path,
        (unsigned) info->st_mode & 07777U,
        is_ours ? "chmod 600 it"
                : "it is root's: have it mounted read-only, or give a file of "
                  "your own with mode 0600");
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

    if (is_on_read_only_mount(fd)) {
        return TRIVET_OK;
    }
    if (info.st_uid != geteuid() && info.st_uid != 0) {
        return fail(err, TRIVET_E_USAGE, path, "belongs to another user");
    }

    return (info.st_mode & forbidden_mode) == 0
               ? TRIVET_OK
               : complain_of_mode(path, &info, err);
}

/* Leaves the file's text alone of what was read. */
static void
cut_to_text(struct trivet_file_text *text)
{
    struct trivet_slice whole = trivet_slice_make(text->data, text->len);
    struct trivet_slice inner = trivet_inplace_text(whole);

    if (inner.len == text->len) {
        return;
    }

    memmove(text->data, inner.data, inner.len);
    trivet_wipe(text->data + inner.len, text->len - inner.len);
    text->len = inner.len;
    text->data[text->len] = '\0';
}

static enum trivet_status
read_place(const struct trivet_place *place, const char *path,
    mode_t forbidden_mode, struct trivet_file_text *out,
    struct trivet_error *err)
{
    enum trivet_status status;
    int fd = openat(place->folder, place->name,
        O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);

    if (fd < 0) {
        return fail(err, errno == ENOENT ? TRIVET_E_NOT_FOUND : TRIVET_E_USAGE,
            path, "cannot open");
    }

    status = check_owner(fd, path, forbidden_mode, err);
    if (status == TRIVET_OK) {
        trivet_inplace_lock_for_reading(fd);
        status =
            read_to_end(fd, TRIVET_MAX_SECRET_FILE, MAX_REWRITTEN, out, err);
    }
    if (status == TRIVET_OK) {
        cut_to_text(out);
    }

    (void) close(fd);
    return status;
}

enum trivet_status
trivet_file_read(const char *path, mode_t forbidden_mode,
    struct trivet_file_text *out, struct trivet_error *err)
{
    struct trivet_place place;
    enum trivet_status status;

    TRIVET_TRY(trivet_place_find(path, true, &place, err));

    status = read_place(&place, path, forbidden_mode, out, err);
    if (status == TRIVET_OK && out->len > TRIVET_MAX_SECRET_FILE) {
        trivet_file_text_release(out);
        status = trivet_error_set(err, TRIVET_E_USAGE, "file",
            "%.120s: more than %d bytes", path, (int) TRIVET_MAX_SECRET_FILE);
    }

    trivet_place_release(&place);
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

/* Whether errno says that a file cannot be made or replaced here, whoever
 * tries. */
static bool
is_fixed_here(void)
{
    return errno == EROFS || errno == EACCES || errno == EPERM || errno == EBUSY
           || errno == EXDEV;
}

/* Writes NAME.tmp and puts it in the place of NAME. False: errno tells why, and
 * nothing is left behind. */
static bool
replace(const struct trivet_place *place, struct trivet_slice text)
{
    char temp[TRIVET_MAX_FILE_NAME + 8];
    bool is_written;
    int reason;
    int fd;

    (void) snprintf(temp, sizeof temp, "%s.tmp", place->name);

    /* One that is there was left by a process that died while writing. */
    (void) unlinkat(place->folder, temp, 0);
    fd = openat(place->folder, temp,
        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }

    is_written = write_all(fd, text) && fsync(fd) == 0;
    is_written =
        close(fd) == 0 && is_written
        && renameat(place->folder, temp, place->folder, place->name) == 0;
    reason = errno;
    if (!is_written) {
        (void) unlinkat(place->folder, temp, 0);
    }
    errno = reason;

    return is_written;
}

/* Makes a rename in the folder durable: O_PATH alone does not sync. */
static bool
sync_folder(const struct trivet_place *place)
{
    int fd = openat(place->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0) {
        (void) close(fd);
    }

    return is_synced;
}

/* `reason` is why the file could not be replaced. */
static enum trivet_status
rewrite(const struct trivet_place *place, const char *path,
    struct trivet_slice text, int reason, struct trivet_error *err)
{
    enum trivet_status status;
    int fd =
        openat(place->folder, place->name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0) {
        errno = reason;
        return fail(err, TRIVET_E_USAGE, path, "cannot write");
    }

    status = check_owner(fd, path, 0, err);
    if (status == TRIVET_OK) {
        status = trivet_inplace_write(fd, path, text, err);
    }

    (void) close(fd);
    return status;
}

static enum trivet_status
replace_or_rewrite(const struct trivet_place *place, const char *path,
    struct trivet_slice text, struct trivet_error *err)
{
    if (replace(place, text)) {
        return sync_folder(place) ? TRIVET_OK
                                  : fail(err, TRIVET_E_INTERNAL, path,
                                      "cannot sync its folder");
    }

    if (is_fixed_here()) {
        return rewrite(place, path, text, errno, err);
    }

    return fail(err, errno == EEXIST ? TRIVET_E_USAGE : TRIVET_E_INTERNAL, path,
        "cannot write");
}

enum trivet_status
trivet_file_replace(
    const char *path, struct trivet_slice text, struct trivet_error *err)
{
    struct trivet_place place;
    enum trivet_status status;

    TRIVET_TRY(trivet_place_find(path, true, &place, err));
    status = replace_or_rewrite(&place, path, text, err);
    trivet_place_release(&place);

    return status;
}

/* ---- locks --------------------------------------------------------------- */

static bool
try_lock(int fd, bool may_wait)
{
    int result;

    do {
        result = flock(fd, may_wait ? LOCK_EX : LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);

    return result == 0;
}

/* Takes over fd, also on failure. */
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

/* A file of ours: in a folder that many may write to it may be anybody's, also
 * a second name of something else. */
static bool
is_own_lock(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink <= 1
           && (info.st_uid == geteuid() || info.st_uid == 0);
}

static enum trivet_status
open_lock(const struct trivet_place *place, const char *path, int *out,
    struct trivet_error *err)
{
    int fd = openat(place->folder, place->name,
        O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    bool is_fixed;

    if (fd >= 0 && !is_own_lock(fd)) {
        (void) close(fd);
        errno = 0;
        return fail(err, TRIVET_E_USAGE, path,
            "belongs to another user, or has a second name");
    }
    if (fd >= 0) {
        *out = fd;
        return TRIVET_OK;
    }

    is_fixed = errno == ENOSPC || errno == EDQUOT || is_fixed_here();
    if (is_fixed
        && (errno == EROFS
            || faccessat(place->folder, place->name, F_OK, AT_SYMLINK_NOFOLLOW)
                   != 0))
    {
        return trivet_error_set(
            err, TRIVET_E_NOT_FOUND, "file.lock", "%s cannot be made", path);
    }

    return fail(err, TRIVET_E_USAGE, path, "cannot open the lock file");
}

/* Whether the lock file was removed (erase.c) before we had it: then it keeps
 * nobody away, and is given up. */
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

bool
trivet_file_is_read_only(const char *path)
{
    struct trivet_place place;
    bool is_read_only = false;
    int fd;

    if (trivet_place_find(path, true, &place, NULL) != TRIVET_OK) {
        return false;
    }

    fd = openat(place.folder, place.name,
        O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    trivet_place_release(&place);
    if (fd >= 0) {
        is_read_only = is_on_read_only_mount(fd);
        (void) close(fd);
    }

    return is_read_only;
}

enum trivet_status
trivet_file_lock_itself(const char *path, int max_wait_s,
    struct trivet_file_lock *out, struct trivet_error *err)
{
    struct trivet_place place;
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
        return fail(err, errno == ENOENT ? TRIVET_E_NOT_FOUND : TRIVET_E_USAGE,
            path, "cannot open");
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
