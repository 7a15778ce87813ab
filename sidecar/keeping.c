/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeping.c - the first answer to a call with a key is kept
 *
 *   file   = claim LF [ answer LF body ]
 *   claim  = a JSON object: "request", "at"
 *   answer = a JSON object: "status", "verified", "encrypted", "headers" and
 *            "body", the digest of the body
 *
 * The file is written in place, since its lock is the lock of the key. The
 * answer comes behind the claim, which stays as it is: whatever ends in the
 * middle of that, or a full disk, leaves a call that may have been made and has
 * no answer, never a key that looks free.
 */
#define _DEFAULT_SOURCE /* flock */
#include "sidecar/keeping.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encoding.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "core/json.h"
#include "core/json_tree.h"

enum { MAX_FILE = 80 * 1024 * 1024, MAX_TRIES = 16 };

bool
trivet_keeping_is_key(struct trivet_slice key)
{
    for (size_t i = 0; i < key.len; i++) {
        if (key.data[i] <= ' ' || key.data[i] > '~') {
            return false;
        }
    }

    return key.len > 0 && key.len <= TRIVET_MAX_KEEPING_KEY;
}

static enum trivet_status
fail(struct trivet_error *err, const char *what, const char *path)
{
    return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "keeping", "%s: %s: %s",
        what, path, strerror(errno));
}

/* ---- writing ------------------------------------------------------------ */

/* A field whose value is not UTF-8 is left out. */
static json_t *
make_headers(const struct trivet_answer *answer)
{
    json_t *list = json_array();

    for (size_t i = 0; list != NULL && i < answer->num_headers; i++) {
        json_t *name = json_string(answer->headers[i].name);
        json_t *value = json_string(answer->headers[i].value);

        if (name == NULL || value == NULL) {
            json_decref(name);
            json_decref(value);
            continue;
        }
        trivet_json_append(&list, json_pack("[o, o]", name, value));
    }

    return list;
}

static json_t *
make_answer_line(const struct trivet_answer *answer)
{
    char digest[TRIVET_DIGEST_HEX_SIZE];
    json_t *line;
    struct trivet_slice body =
        trivet_slice_make(answer->body, answer->body_len);

    if (trivet_sha256_hex(body, digest) != TRIVET_OK) {
        return NULL;
    }

    line = json_object();
    trivet_json_put(&line, "status", json_integer((json_int_t) answer->status));
    trivet_json_put(&line, "verified", json_boolean(answer->is_verified));
    trivet_json_put(&line, "encrypted", json_boolean(answer->was_encrypted));
    trivet_json_put(&line, "headers", make_headers(answer));
    trivet_json_put(&line, "body", json_string(digest));

    return line;
}

/* Writes at the place where the file is; takes line over. Errno says what
 * failed. */
static bool
write_line(int fd, json_t *line, struct trivet_slice body)
{
    struct trivet_buffer text = trivet_json_write(line, JSON_COMPACT, 1);
    bool is_written;

    json_decref(line);
    if (text.data == NULL) {
        errno = ENOMEM;
        return false;
    }

    text.data[text.len++] = '\n';
    is_written = trivet_file_write_all(fd, trivet_buffer_slice(&text))
                 && (body.len == 0 || trivet_file_write_all(fd, body))
                 && fsync(fd) == 0;
    trivet_buffer_free(&text);

    return is_written;
}

/* In the place of all that is in the file. */
static bool
write_claim(const struct trivet_keeping *keeping, int64_t now_us)
{
    json_t *line = json_pack(
        "{s:s, s:I}", "request", keeping->request, "at", (json_int_t) now_us);

    if (ftruncate(keeping->fd, 0) != 0 || lseek(keeping->fd, 0, SEEK_SET) != 0)
    {
        json_decref(line);
        return false;
    }

    return write_line(keeping->fd, line, trivet_slice_make(NULL, 0));
}

/* ---- reading ------------------------------------------------------------ */

/* The fields of a kept answer; they point into root. */
static bool
read_headers(struct trivet_keeping *keeping, const json_t *list)
{
    size_t num = json_array_size(list);

    keeping->headers = calloc(num + 1, sizeof keeping->headers[0]);
    if (keeping->headers == NULL) {
        return false;
    }

    for (size_t i = 0; i < num; i++) {
        const json_t *pair = json_array_get(list, i);
        const char *name = json_string_value(json_array_get(pair, 0));
        const char *value = json_string_value(json_array_get(pair, 1));

        if (name == NULL || value == NULL) {
            return false;
        }
        keeping->headers[i] = (struct trivet_header){name, value};
    }

    keeping->answer.headers = keeping->headers;
    keeping->answer.num_headers = num;
    return true;
}

/* Takes a line off the text. NULL: it has no end, or is no JSON. */
static json_t *
take_line(struct trivet_slice *text)
{
    const unsigned char *end =
        text->len == 0 ? NULL : memchr(text->data, '\n', text->len);
    size_t len;
    json_t *line;

    if (end == NULL) {
        return NULL;
    }

    len = (size_t) (end - text->data);
    line = trivet_json_load(trivet_slice_make(text->data, len), 0, NULL);
    *text = trivet_slice_after(*text, len + 1);

    return line;
}

/* Whether what comes behind the claim is an answer, whole. */
static bool
read_answer(struct trivet_keeping *keeping, struct trivet_slice text)
{
    struct trivet_answer *answer = &keeping->answer;
    char digest[TRIVET_DIGEST_HEX_SIZE];
    const char *kept;

    keeping->root = take_line(&text);
    kept = json_string_value(json_object_get(keeping->root, "body"));
    if (kept == NULL || trivet_sha256_hex(text, digest) != TRIVET_OK
        || strcmp(kept, digest) != 0
        || !read_headers(keeping, json_object_get(keeping->root, "headers")))
    {
        return false;
    }

    answer->status =
        (unsigned) json_integer_value(json_object_get(keeping->root, "status"));
    answer->is_verified =
        json_is_true(json_object_get(keeping->root, "verified"));
    answer->was_encrypted =
        json_is_true(json_object_get(keeping->root, "encrypted"));
    answer->body = (const char *) text.data;
    answer->body_len = text.len;

    return answer->status >= 200 && answer->status <= 599;
}

/* What the file says, which is not empty. */
static enum trivet_kept
judge(struct trivet_keeping *keeping, int64_t now_us, bool *out_is_over)
{
    struct trivet_slice text = trivet_buffer_slice(&keeping->text);
    json_t *claim = take_line(&text);
    const char *request = json_string_value(json_object_get(claim, "request"));
    enum trivet_kept kept = TRIVET_KEPT_UNKNOWN;
    int64_t at_us;

    *out_is_over = false;
    if (request != NULL) {
        at_us = json_integer_value(json_object_get(claim, "at"));
        *out_is_over = now_us - at_us > TRIVET_KEEPING_S * TRIVET_US_PER_S;
        if (strcmp(request, keeping->request) != 0) {
            kept = TRIVET_KEPT_OTHER;
        } else if (read_answer(keeping, text)) {
            kept = TRIVET_KEPT_ANSWER;
        }
    }
    json_decref(claim);

    return kept;
}

static void
forget_answer(struct trivet_keeping *keeping)
{
    json_decref(keeping->root);
    keeping->root = NULL;
    free(keeping->headers);
    keeping->headers = NULL;
    trivet_buffer_free(&keeping->text);
    memset(&keeping->answer, 0, sizeof keeping->answer);
}

/* ---- a key -------------------------------------------------------------- */

/* The file of the key, locked; whoever removed it meanwhile has a lock on
 * another one. *out_fd is -1 when somebody holds it. */
static enum trivet_status
open_locked(const char *path, int *out_fd, struct trivet_error *err)
{
    for (int i = 0; i < MAX_TRIES; i++) {
        struct stat ours;
        struct stat named;
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0) {
            return fail(err, "the call's key cannot be kept", path);
        }
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            bool is_held = errno == EWOULDBLOCK;

            (void) close(fd);
            *out_fd = -1;
            return is_held ? TRIVET_OK : fail(err, "a lock", path);
        }
        if (fstat(fd, &ours) == 0 && stat(path, &named) == 0
            && ours.st_ino == named.st_ino)
        {
            *out_fd = fd;
            return TRIVET_OK;
        }
        (void) close(fd);
    }

    *out_fd = -1;
    return TRIVET_OK;
}

/* Writes down that the call is about to be made. */
static enum trivet_status
hold(struct trivet_keeping *keeping, const char *folder, int64_t now_us,
    struct trivet_error *err)
{
    /* The name of a new file is on disk, too. */
    if (!write_claim(keeping, now_us) || !trivet_file_sync_folder_at(folder)) {
        (void) fail(err, "the call was not made: its key cannot be kept",
            keeping->path);
        (void) unlink(keeping->path);
        (void) close(keeping->fd);
        return TRIVET_E_UNAVAILABLE;
    }

    keeping->is_held = true;
    return TRIVET_OK;
}

/* The key's file is locked. */
static enum trivet_status
look(struct trivet_keeping *keeping, const char *folder, int64_t now_us,
    enum trivet_kept *out_kept, struct trivet_error *err)
{
    bool is_over = false;
    enum trivet_status status;

    keeping->text = trivet_buffer_make(MAX_FILE);
    status =
        trivet_file_read_all(keeping->fd, keeping->path, &keeping->text, err);
    if (status != TRIVET_OK) {
        (void) close(keeping->fd);
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "keeping",
            "the call was not made: %s cannot be read", keeping->path);
    }

    *out_kept = TRIVET_KEPT_NOTHING;
    if (keeping->text.len > 0) {
        *out_kept = judge(keeping, now_us, &is_over);
    }
    if (is_over || keeping->text.len == 0) {
        forget_answer(keeping);
        *out_kept = TRIVET_KEPT_NOTHING;
        return hold(keeping, folder, now_us, err);
    }

    (void) close(keeping->fd);
    return TRIVET_OK;
}

enum trivet_status
trivet_keeping_claim(const char *folder, struct trivet_slice key,
    const unsigned char request[TRIVET_DIGEST_LEN], int64_t now_us,
    struct trivet_keeping *out, enum trivet_kept *out_kept,
    struct trivet_error *err)
{
    char name[TRIVET_DIGEST_HEX_SIZE];

    memset(out, 0, sizeof *out);
    trivet_hex_encode(
        trivet_slice_make(request, TRIVET_DIGEST_LEN), out->request);
    if (trivet_sha256_hex(key, name) != TRIVET_OK) {
        return trivet_error_set(
            err, TRIVET_E_CRYPTO, "keeping", "no digest of a key");
    }
    if (snprintf(out->path, sizeof out->path, "%s/%s", folder, name)
        >= (int) sizeof out->path)
    {
        return trivet_error_set(
            err, TRIVET_E_UNAVAILABLE, "keeping", "the path is too long");
    }

    TRIVET_TRY(open_locked(out->path, &out->fd, err));
    if (out->fd < 0) {
        *out_kept = TRIVET_KEPT_IN_USE;
        return TRIVET_OK;
    }

    return look(out, folder, now_us, out_kept, err);
}

/* ---- its end ------------------------------------------------------------ */

static void
let_go(struct trivet_keeping *keeping)
{
    if (keeping->is_held) {
        (void) close(keeping->fd); /* and with it the lock */
        keeping->is_held = false;
    }
}

enum trivet_status
trivet_keeping_answer(struct trivet_keeping *keeping,
    const struct trivet_answer *answer, struct trivet_error *err)
{
    bool is_written = write_line(keeping->fd, make_answer_line(answer),
        trivet_slice_make(answer->body, answer->body_len));
    enum trivet_status status = TRIVET_OK;

    if (!is_written) {
        status = fail(err, "the answer is not kept", keeping->path);
    }

    let_go(keeping);
    return status;
}

void
trivet_keeping_drop(struct trivet_keeping *keeping)
{
    if (keeping->is_held) {
        (void) unlink(keeping->path);
    }

    let_go(keeping);
}

void
trivet_keeping_release(struct trivet_keeping *keeping)
{
    let_go(keeping);
    forget_answer(keeping);
}

/* ---- what is over ------------------------------------------------------- */

/* Whether the open file is the one of that name, and its time is over. */
static bool
is_over(int folder, const char *name, int fd, int64_t now_us)
{
    int64_t oldest_s = now_us / TRIVET_US_PER_S - TRIVET_KEEPING_S;
    struct stat ours;
    struct stat named;

    return fstat(fd, &ours) == 0
           && fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0
           && ours.st_ino == named.st_ino && S_ISREG(ours.st_mode)
           && ours.st_mtime < oldest_s;
}

/* Looked at before it is locked too: a lock keeps others away. */
static void
sweep_one(int folder, const char *name, int64_t now_us)
{
    int fd;

    if (strlen(name) != TRIVET_DIGEST_HEX_SIZE - 1) {
        return;
    }

    fd = openat(folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return;
    }
    if (is_over(folder, name, fd, now_us) && flock(fd, LOCK_EX | LOCK_NB) == 0
        && is_over(folder, name, fd, now_us))
    {
        (void) unlinkat(folder, name, 0);
    }
    (void) close(fd);
}

void
trivet_keeping_sweep(const char *folder, int64_t now_us)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    if (dir == NULL) {
        return;
    }

    while ((entry = readdir(dir)) != NULL) {
        sweep_one(dirfd(dir), entry->d_name, now_us);
    }

    (void) closedir(dir);
}
