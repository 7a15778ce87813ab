/* SPDX-License-Identifier: Apache-2.0 */
/* place.c - a path resolved part by part into an open folder and a name */
#define _GNU_SOURCE /* O_PATH */
#include "client/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_LINKS = 40 };

struct walk {
    const char *given;
    char rest[TRIVET_MAX_FILE_PATH]; /* what is not walked yet */
    char real[TRIVET_MAX_FILE_PATH]; /* the folder, "" is the root */
    int folder;
    int num_links;
};

static enum trivet_status
fail(const struct walk *walk, enum trivet_status status, const char *name,
    const char *what, struct trivet_error *err)
{
    const char *colon = name[0] == '\0' ? "" : ": ";

    return trivet_error_set(err, status, "file", "%.120s: %.80s%s%s",
        walk->given, name, colon, what);
}

static enum trivet_status
fail_by_errno(
    const struct walk *walk, const char *name, struct trivet_error *err)
{
    enum trivet_status status =
        errno == ENOENT ? TRIVET_E_NOT_FOUND : TRIVET_E_USAGE;

    return fail(walk, status, name, strerror(errno), err);
}

static enum trivet_status
fail_too_long(
    const struct walk *walk, const char *name, struct trivet_error *err)
{
    return fail(walk, TRIVET_E_USAGE, name, "the path is too long", err);
}

/* Puts text in front of what is left to walk. False: too long. */
static bool
put_before_rest(struct walk *walk, const char *text)
{
    char rest[TRIVET_MAX_FILE_PATH];

    /* What is left begins with its slash, or is nothing. */
    if (snprintf(rest, sizeof rest, "%s%s", text, walk->rest)
        >= (int) sizeof rest) {
        return false;
    }

    memcpy(walk->rest, rest, sizeof rest);
    return true;
}

/* Goes to the root, or to the folder below the present one. */
static bool
enter(struct walk *walk, const char *name)
{
    int folder;

    if (name[0] == '/') {
        folder = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    } else {
        folder = openat(
            walk->folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (folder < 0) {
        return false;
    }

    if (walk->folder >= 0) {
        (void) close(walk->folder);
    }
    walk->folder = folder;
    return true;
}

/* Cuts the next part off what is left. False: there is none. */
static bool
next_name(struct walk *walk, char out[TRIVET_MAX_FILE_NAME], bool *out_is_last)
{
    const char *at = walk->rest + strspn(walk->rest, "/");
    size_t len = strcspn(at, "/");
    const char *after = at + len;

    if (len == 0 || len >= TRIVET_MAX_FILE_NAME) {
        return false;
    }

    memcpy(out, at, len);
    out[len] = '\0';
    /* "name/" is no file. */
    *out_is_last = *after == '\0';
    memmove(walk->rest, after, strlen(after) + 1);
    return true;
}

static enum trivet_status
follow(struct walk *walk, int link, const char *name, struct trivet_error *err)
{
    char target[TRIVET_MAX_FILE_PATH];
    struct stat info;
    ssize_t len;

    if (fstat(link, &info) != 0) {
        return fail_by_errno(walk, name, err);
    }
    if (info.st_uid != geteuid() && info.st_uid != 0) {
        return fail(walk, TRIVET_E_USAGE, name,
            "a link of another user: it is not followed", err);
    }
    if (walk->num_links++ == MAX_LINKS) {
        return fail(walk, TRIVET_E_USAGE, name, "too many links", err);
    }

    len = readlinkat(link, "", target, sizeof target - 1);
    if (len < 0) {
        return fail_by_errno(walk, name, err);
    }
    target[len] = '\0';

    if (target[0] == '/') {
        if (!enter(walk, "/")) {
            return fail_by_errno(walk, name, err);
        }
        walk->real[0] = '\0';
    }

    if (!put_before_rest(walk, target)) {
        return fail_too_long(walk, name, err);
    }

    return TRIVET_OK;
}

static enum trivet_status
go_down(struct walk *walk, const char *name, struct trivet_error *err)
{
    size_t len = strlen(walk->real);

    if (strcmp(name, ".") == 0) {
        return TRIVET_OK;
    }
    if (!enter(walk, name)) {
        return fail_by_errno(walk, name, err);
    }
    if (strcmp(name, "..") == 0) {
        char *slash = strrchr(walk->real, '/');

        walk->real[slash == NULL ? 0 : slash - walk->real] = '\0';
        return TRIVET_OK;
    }

    if (snprintf(walk->real + len, sizeof walk->real - len, "/%s", name)
        >= (int) (sizeof walk->real - len))
    {
        return fail_too_long(walk, name, err);
    }

    return TRIVET_OK;
}

/* One part of the path. *out_is_done: it is the last, and no link. */
static enum trivet_status
step(struct walk *walk, bool follows_last, char name[TRIVET_MAX_FILE_NAME],
    bool *out_is_done, struct trivet_error *err)
{
    struct stat info;
    enum trivet_status status;
    bool is_last;
    int part;

    *out_is_done = false;
    if (!next_name(walk, name, &is_last)) {
        return fail(walk, TRIVET_E_USAGE, "", "names no file", err);
    }
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return go_down(walk, name, err);
    }

    part = openat(walk->folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (part < 0 && errno == ENOENT && is_last) {
        *out_is_done = true;
        return TRIVET_OK;
    }
    if (part < 0) {
        return fail_by_errno(walk, name, err);
    }

    if (fstat(part, &info) != 0) {
        status = fail_by_errno(walk, name, err);
    } else if (S_ISLNK(info.st_mode) && is_last && !follows_last) {
        status = fail(walk, TRIVET_E_USAGE, name, "must not be a link", err);
    } else if (S_ISLNK(info.st_mode)) {
        status = follow(walk, part, name, err);
    } else if (is_last) {
        status = TRIVET_OK;
        *out_is_done = true;
    } else {
        status = go_down(walk, name, err);
    }

    (void) close(part);
    return status;
}

static enum trivet_status
start(struct walk *walk, const char *path, struct trivet_error *err)
{
    char here[TRIVET_MAX_FILE_PATH] = "";

    if (path[0] != '/' && getcwd(here, sizeof here) == NULL) {
        return fail_by_errno(walk, "", err);
    }
    if (snprintf(walk->rest, sizeof walk->rest, "%s/%s", here, path)
        >= (int) sizeof walk->rest)
    {
        return fail_too_long(walk, "", err);
    }

    return enter(walk, "/") ? TRIVET_OK : fail_by_errno(walk, "/", err);
}

enum trivet_status
trivet_place_find(const char *path, bool follows_last, struct trivet_place *out,
    struct trivet_error *err)
{
    struct walk walk = {.given = path, .folder = -1};
    char name[TRIVET_MAX_FILE_NAME];
    enum trivet_status status = start(&walk, path, err);
    bool is_done = false;

    while (status == TRIVET_OK && !is_done) {
        status = step(&walk, follows_last, name, &is_done, err);
    }

    if (status == TRIVET_OK
        && snprintf(out->path, sizeof out->path, "%s/%s", walk.real, name)
               >= (int) sizeof out->path)
    {
        status = fail_too_long(&walk, name, err);
    }
    if (status != TRIVET_OK) {
        if (walk.folder >= 0) {
            (void) close(walk.folder);
        }
        return status;
    }

    out->folder = walk.folder;
    memcpy(out->name, name, sizeof out->name);
    return TRIVET_OK;
}

void
trivet_place_release(struct trivet_place *place)
{
    (void) close(place->folder);
}

bool
trivet_place_is_fixed(int errno_value)
{
    return errno_value == EROFS || errno_value == EACCES || errno_value == EPERM
           || errno_value == EBUSY || errno_value == EXDEV;
}
