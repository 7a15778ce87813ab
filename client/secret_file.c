/* SPDX-License-Identifier: Apache-2.0 */
/* secret_file.c - files that hold secrets, read and replaced with all checks */
#define _DEFAULT_SOURCE
#include "client/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "client/inplace.h"
#include "client/place.h"

enum { MAX_REWRITTEN = 4 * TRIVET_MAX_SECRET_FILE /* bytes, with a journal */ };

static enum trivet_status
fail(struct trivet_error *err, enum trivet_status status, const char *path,
    const char *what)
{
    return trivet_error_set(
        err, status, "file", "%s: %s: %s", path, what, strerror(errno));
}

static struct trivet_file_rule
make_rule(mode_t forbidden_mode)
{
    return (struct trivet_file_rule){
        .owner = TRIVET_FILE_OURS_OR_ROOTS,
        .forbidden_mode = forbidden_mode,
        .accepts_read_only_mount = true,
        .content = "the secrets in it",
    };
}

/* ---- reading ------------------------------------------------------------- */

enum trivet_status
trivet_input_read(int fd, const char *name, size_t max,
    struct trivet_buffer *out, struct trivet_error *err)
{
    struct trivet_buffer text = trivet_buffer_make(max);
    enum trivet_status status = trivet_file_read_all(fd, name, &text, err);

    if (status != TRIVET_OK) {
        trivet_buffer_free(&text);
    }
    if (status == TRIVET_E_LIMIT) {
        return trivet_error_set(err, TRIVET_E_USAGE, "file",
            "%.120s: more than %zu bytes", name, max);
    }
    if (status == TRIVET_OK) {
        *out = text;
    }

    return status;
}

/* Keeps of what was read the file's text alone. */
static void
cut_to_text(struct trivet_buffer *text)
{
    struct trivet_slice inner = trivet_inplace_text(trivet_buffer_slice(text));

    if (inner.len < text->len) {
        memmove(text->data, inner.data, inner.len);
        trivet_buffer_cut(text, inner.len);
    }
}

static enum trivet_status
read_open(int fd, const char *path, mode_t forbidden_mode,
    struct trivet_buffer *out, struct trivet_error *err)
{
    const struct trivet_file_rule rule = make_rule(forbidden_mode);

    TRIVET_TRY(trivet_file_check(fd, path, &rule, err));
    trivet_inplace_lock_for_reading(fd);
    TRIVET_TRY(trivet_input_read(fd, path, MAX_REWRITTEN, out, err));

    cut_to_text(out);
    if (out->len > TRIVET_MAX_SECRET_FILE) {
        trivet_buffer_free(out);
        return trivet_error_set(err, TRIVET_E_USAGE, "file",
            "%.120s: more than %d bytes", path, (int) TRIVET_MAX_SECRET_FILE);
    }

    return TRIVET_OK;
}

/* Opens it for reading, or gives -1. */
static int
open_place(const struct trivet_place *place)
{
    return openat(place->folder, place->name,
        O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
}

enum trivet_status
trivet_secret_file_read(const char *path, mode_t forbidden_mode,
    struct trivet_buffer *out, struct trivet_error *err)
{
    struct trivet_place place;
    enum trivet_status status;
    int fd;

    TRIVET_TRY(trivet_place_find(path, true, &place, err));
    fd = open_place(&place);
    if (fd >= 0) {
        status = read_open(fd, path, forbidden_mode, out, err);
        (void) close(fd);
    } else if (errno == ENOENT) {
        status = fail(err, TRIVET_E_NOT_FOUND, path, "cannot open");
    } else {
        status = fail(err, TRIVET_E_USAGE, path, "cannot open");
    }

    trivet_place_release(&place);
    return status;
}

bool
trivet_secret_file_is_read_only(const char *path)
{
    struct trivet_place place;
    bool is_read_only = false;
    int fd;

    if (trivet_place_find(path, true, &place, NULL) != TRIVET_OK) {
        return false;
    }

    fd = open_place(&place);
    trivet_place_release(&place);
    if (fd >= 0) {
        is_read_only = trivet_file_is_on_read_only_mount(fd);
        (void) close(fd);
    }

    return is_read_only;
}

/* ---- replacing ----------------------------------------------------------- */

/* `reason` is why the file could not be replaced. */
static enum trivet_status
rewrite(const struct trivet_place *place, const char *path,
    struct trivet_slice text, int reason, struct trivet_error *err)
{
    const struct trivet_file_rule rule = make_rule(0);
    enum trivet_status status;
    int fd =
        openat(place->folder, place->name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0) {
        errno = reason;
        return fail(err, TRIVET_E_USAGE, path, "cannot write");
    }

    status = trivet_file_check(fd, path, &rule, err);
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
    char temporary[TRIVET_MAX_FILE_NAME + 8];

    (void) snprintf(temporary, sizeof temporary, "%s.tmp", place->name);
    if (trivet_file_replace_at(place->folder, temporary, place->name, text)) {
        if (!trivet_file_sync_folder(place->folder)) {
            return fail(err, TRIVET_E_INTERNAL, path, "cannot sync its folder");
        }
        return TRIVET_OK;
    }

    if (trivet_place_is_fixed(errno)) {
        return rewrite(place, path, text, errno, err);
    }
    if (errno == EEXIST) {
        return fail(err, TRIVET_E_USAGE, path, "cannot write");
    }

    return fail(err, TRIVET_E_INTERNAL, path, "cannot write");
}

enum trivet_status
trivet_secret_file_replace(
    const char *path, struct trivet_slice text, struct trivet_error *err)
{
    struct trivet_place place;
    enum trivet_status status;

    TRIVET_TRY(trivet_place_find(path, true, &place, err));
    status = replace_or_rewrite(&place, path, text, err);
    trivet_place_release(&place);

    return status;
}
