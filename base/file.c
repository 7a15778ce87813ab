/* SPDX-License-Identifier: Apache-2.0 */
/* file.c - files that hold secrets: who may touch them, and writing them whole
 */
#define _GNU_SOURCE /* renameat2, mkstemp */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { CHUNK = 4096 /* bytes that are asked for at once, at least */ };

static enum trivet_status
fail(struct trivet_error *err, enum trivet_status status, const char *path,
    const char *what)
{
    return trivet_error_set(err, status, "file", "%.120s: %s", path, what);
}

/* `otherwise` is the status of an errno that has none of its own. */
static enum trivet_status
fail_by_errno(
    struct trivet_error *err, enum trivet_status otherwise, const char *path)
{
    enum trivet_status status = otherwise;

    if (errno == ENOENT) {
        status = TRIVET_E_NOT_FOUND;
    } else if (errno == EEXIST) {
        status = TRIVET_E_CONFLICT;
    }

    return fail(err, status, path, strerror(errno));
}

/* ---- owner and mode ----------------------------------------------------- */

bool
trivet_file_is_missing(const char *path)
{
    return access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

bool
trivet_file_is_on_read_only_mount(int fd)
{
    struct statvfs info;

    return fstatvfs(fd, &info) == 0 && (info.f_flag & ST_RDONLY) != 0;
}

static bool
is_owner_accepted(enum trivet_file_owner owner, uid_t uid)
{
    switch (owner) {
    case TRIVET_FILE_OURS:
        return uid == geteuid();
    case TRIVET_FILE_OURS_OR_ROOTS:
        return uid == geteuid() || uid == 0;
    case TRIVET_FILE_ANY_OWNER:
        return true;
    }

    return false;
}

/* What to do about a file that others may read. */
static const char *
advise(const struct stat *info, const struct trivet_file_rule *rule)
{
    bool can_be_changed = info->st_uid == geteuid() || geteuid() == 0;

    if (can_be_changed || !rule->accepts_read_only_mount) {
        return "chmod 600 it";
    }

    return "it is root's: have it mounted read-only, or use a file of your "
           "own with mode 0600";
}

static enum trivet_status
check(const struct stat *info, const char *path,
    const struct trivet_file_rule *rule, struct trivet_error *err)
{
    if (!is_owner_accepted(rule->owner, info->st_uid)) {
        return fail(err, TRIVET_E_USAGE, path, "belongs to another user");
    }
    if ((info->st_mode & rule->forbidden_mode) != 0) {
        return trivet_error_set(err, TRIVET_E_USAGE, "file",
            "%.100s: mode %04o lets others read or change %s; %s", path,
            (unsigned) info->st_mode & 07777U, rule->content,
            advise(info, rule));
    }

    return TRIVET_OK;
}

static bool
is_kind_accepted(const struct stat *info, const struct trivet_file_rule *rule)
{
    return rule->accepts_any_kind || S_ISREG(info->st_mode);
}

enum trivet_status
trivet_file_check(int fd, const char *path, const struct trivet_file_rule *rule,
    struct trivet_error *err)
{
    struct stat info;

    if (fstat(fd, &info) != 0 || !is_kind_accepted(&info, rule)) {
        return fail(err, TRIVET_E_USAGE, path, "not a regular file");
    }
    if (rule->refuses_two_names && info.st_nlink > 1) {
        return fail(err, TRIVET_E_USAGE, path,
            "has a second name (a hard link): it may be another program's");
    }
    if (rule->accepts_read_only_mount && trivet_file_is_on_read_only_mount(fd))
    {
        return TRIVET_OK;
    }

    return check(&info, path, rule, err);
}

enum trivet_status
trivet_file_check_name(const char *path, const struct trivet_file_rule *rule,
    struct trivet_error *err)
{
    struct statvfs mount;
    struct stat info;

    if (stat(path, &info) != 0) {
        return fail_by_errno(err, TRIVET_E_USAGE, path);
    }
    if (!is_kind_accepted(&info, rule)) {
        return fail(err, TRIVET_E_USAGE, path, "not a regular file");
    }
    if (rule->accepts_read_only_mount && statvfs(path, &mount) == 0
        && (mount.f_flag & ST_RDONLY) != 0)
    {
        return TRIVET_OK;
    }

    return check(&info, path, rule, err);
}

enum trivet_status
trivet_file_check_folder(
    const char *path, const char *content, struct trivet_error *err)
{
    const unsigned others_may_write = S_IWGRP | S_IWOTH;
    struct stat info;

    if (stat(path, &info) != 0) {
        return fail(err, TRIVET_E_NOT_FOUND, path, strerror(errno));
    }
    if (!S_ISDIR(info.st_mode)) {
        return fail(err, TRIVET_E_USAGE, path, "not a directory");
    }
    if (info.st_uid != geteuid() || (info.st_mode & others_may_write) != 0) {
        return trivet_error_set(err, TRIVET_E_USAGE, "file",
            "%.120s: %s must be yours, and no others' to write", path, content);
    }

    return TRIVET_OK;
}

unsigned
trivet_file_take_from_others(const char *path, bool *out_is_done)
{
    struct stat info;

    *out_is_done = true;
    if (lstat(path, &info) != 0) {
        return 0;
    }
    if (S_ISLNK(info.st_mode) && stat(path, &info) != 0) {
        return 0;
    }
    if (!S_ISREG(info.st_mode) || (info.st_mode & (S_IRWXG | S_IRWXO)) == 0) {
        return 0;
    }

    *out_is_done = chmod(path, info.st_mode & S_IRWXU) == 0;
    return info.st_mode & 07777;
}

enum trivet_status
trivet_file_open_private(const char *path, const struct trivet_file_rule *rule,
    int *out_fd, struct trivet_error *err)
{
    enum trivet_status status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        return fail_by_errno(err, TRIVET_E_USAGE, path);
    }

    status = trivet_file_check(fd, path, rule, err);
    if (status != TRIVET_OK) {
        (void) close(fd);
        return status;
    }

    *out_fd = fd;
    return TRIVET_OK;
}

/* ---- reading --------------------------------------------------------------
 */

/* Whether fd has come to its end. */
static enum trivet_status
expect_end(int fd, const char *path, const struct trivet_buffer *out,
    struct trivet_error *err)
{
    char byte;
    ssize_t num;

    do {
        num = read(fd, &byte, 1);
    } while (num < 0 && errno == EINTR);

    if (num < 0) {
        return fail_by_errno(err, TRIVET_E_USAGE, path);
    }

    if (num > 0) {
        return trivet_error_set(err, TRIVET_E_LIMIT, "file",
            "%.120s: more than %zu bytes", path, out->max);
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_file_read_all(int fd, const char *path, struct trivet_buffer *out,
    struct trivet_error *err)
{
    while (out->len < out->max) {
        size_t room = out->max - out->len;
        size_t wanted = room < CHUNK ? room : CHUNK;
        ssize_t num;

        if (trivet_buffer_reserve(out, wanted) != TRIVET_OK) {
            return fail(err, TRIVET_E_MEMORY, path, "out of memory");
        }

        num = read(fd, out->data + out->len, out->cap - out->len);
        if (num < 0 && errno != EINTR) {
            return fail_by_errno(err, TRIVET_E_USAGE, path);
        }
        if (num == 0) {
            return TRIVET_OK;
        }
        if (num > 0) {
            out->len += (size_t) num;
            out->data[out->len] = '\0';
        }
    }

    return expect_end(fd, path, out, err);
}

/* ---- writing --------------------------------------------------------------
 */

bool
trivet_file_write_all(int fd, struct trivet_slice text)
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

bool
trivet_file_sync_folder(int folder)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced;
    int reason;

    if (fd < 0) {
        return false;
    }

    is_synced = fsync(fd) == 0;
    reason = errno;
    (void) close(fd);
    errno = reason;

    return is_synced;
}

bool
trivet_file_sync_folder_at(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && trivet_file_sync_folder(fd);

    if (fd >= 0) {
        int reason = errno;

        (void) close(fd);
        errno = reason;
    }

    return is_synced;
}

/* Writes text to a new file and closes it. The mode comes last: until then the
 * file is the owner's alone. False: errno says why. */
static bool
fill(int fd, struct trivet_slice text, unsigned mode)
{
    bool is_written = trivet_file_write_all(fd, text)
                      && fchmod(fd, (mode_t) mode) == 0 && fsync(fd) == 0;
    int reason = errno;

    if (close(fd) != 0) {
        return false;
    }

    errno = reason;
    return is_written;
}

bool
trivet_file_replace_at(int folder, const char *temporary, const char *name,
    struct trivet_slice text)
{
    bool is_replaced;
    int reason;
    int fd;

    (void) unlinkat(folder, temporary, 0);
    fd = openat(folder, temporary,
        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }

    is_replaced =
        fill(fd, text, 0600) && renameat(folder, temporary, folder, name) == 0;
    reason = errno;
    if (!is_replaced) {
        (void) unlinkat(folder, temporary, 0);
    }
    errno = reason;

    return is_replaced;
}

/* A folder that can be written and not read cannot be synced: no failure, the
 * file is whole all the same. */
static void
sync_folder_of(const char *path)
{
    char copy[PATH_MAX];
    int fd;

    (void) snprintf(copy, sizeof copy, "%s", path);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void) fsync(fd);
        (void) close(fd);
    }
}

static bool
put_over(const char *temporary, const char *path)
{
    return rename(temporary, path) == 0;
}

/* Where the file system has no second names, it may know such a rename. */
static bool
put_if_free(const char *temporary, const char *path)
{
    if (link(temporary, path) == 0) {
        (void) unlink(temporary);
        return true;
    }

    return errno != EEXIST
           && renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE)
                  == 0;
}

static enum trivet_status
write_whole(const char *path, struct trivet_slice text, unsigned mode,
    bool (*put)(const char *temporary, const char *path),
    struct trivet_error *err)
{
    char temporary[PATH_MAX];
    enum trivet_status status;
    int fd;

    if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path)
        >= (int) sizeof temporary)
    {
        return fail(err, TRIVET_E_LIMIT, path, "the path is too long");
    }

    fd = mkostemp(temporary, O_CLOEXEC); /* 0600 */
    if (fd < 0) {
        return fail_by_errno(err, TRIVET_E_UNAVAILABLE, path);
    }

    if (!fill(fd, text, mode) || !put(temporary, path)) {
        status = fail_by_errno(err, TRIVET_E_UNAVAILABLE, path);
        (void) unlink(temporary);
        return status;
    }

    sync_folder_of(path);
    return TRIVET_OK;
}

enum trivet_status
trivet_file_replace_whole(const char *path, struct trivet_slice text,
    unsigned mode, struct trivet_error *err)
{
    return write_whole(path, text, mode, put_over, err);
}

enum trivet_status
trivet_file_create_whole(const char *path, struct trivet_slice text,
    unsigned mode, struct trivet_error *err)
{
    return write_whole(path, text, mode, put_if_free, err);
}

enum trivet_status
trivet_file_move_over(
    const char *written, const char *path, struct trivet_error *err)
{
    if (!put_over(written, path)) {
        return fail_by_errno(err, TRIVET_E_UNAVAILABLE, path);
    }

    sync_folder_of(path);
    return TRIVET_OK;
}

enum trivet_status
trivet_file_make_beside(
    const char *path, char *out, size_t cap, struct trivet_error *err)
{
    int fd;

    if (snprintf(out, cap, "%s.XXXXXX", path) >= (int) cap) {
        return fail(err, TRIVET_E_LIMIT, path, "the path is too long");
    }

    fd = mkostemp(out, O_CLOEXEC); /* 0600 */
    if (fd < 0) {
        return fail_by_errno(err, TRIVET_E_UNAVAILABLE, path);
    }

    (void) close(fd);
    return TRIVET_OK;
}

enum trivet_status
trivet_file_sync(const char *path, struct trivet_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum trivet_status status = TRIVET_OK;

    if (fd < 0 || fsync(fd) != 0) {
        status = fail_by_errno(err, TRIVET_E_UNAVAILABLE, path);
    }
    if (fd >= 0) {
        (void) close(fd);
    }

    return status;
}

enum trivet_status
trivet_file_give_to_owner(
    const char *path, const char *other, struct trivet_error *err)
{
    char copy[PATH_MAX];
    struct stat info;

    (void) snprintf(copy, sizeof copy, "%s", other);
    if (stat(other, &info) != 0 && stat(dirname(copy), &info) != 0) {
        return fail_by_errno(err, TRIVET_E_UNAVAILABLE, other);
    }

    return info.st_uid == geteuid()
                   || chown(path, info.st_uid, info.st_gid) == 0
               ? TRIVET_OK
               : fail_by_errno(err, TRIVET_E_UNAVAILABLE, path);
}

enum trivet_status
trivet_file_put_new(
    const char *written, const char *path, struct trivet_error *err)
{
    if (!put_if_free(written, path)) {
        return fail_by_errno(err, TRIVET_E_UNAVAILABLE, path);
    }

    sync_folder_of(path);
    return TRIVET_OK;
}
