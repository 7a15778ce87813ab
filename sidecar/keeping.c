/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeping.c - the first answer to a call with a key is kept
 *
 *   file  = line LF body
 *   line  = a JSON object: "request", "at"; when it was answered also "status",
 *           "verified", "headers" and "body", the digest of the body
 *
 * The file is written in place, since its lock is the lock of the key: one that
 * was not written whole has no answer, which is the safe reading.
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

enum {
    HEX_DIGEST = 2 * TRIVET_DIGEST_LEN,
    MAX_FILE = 80 * 1024 * 1024,
    MAX_TRIES = 16
};

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

static enum trivet_status
digest_to_hex(struct trivet_slice bytes, char out[HEX_DIGEST + 1])
{
    unsigned char digest[TRIVET_DIGEST_LEN];

    TRIVET_TRY(trivet_sha256(bytes, digest));
    trivet_hex_encode(trivet_slice_make(digest, sizeof digest), out);
    out[HEX_DIGEST] = '\0';

    return TRIVET_OK;
}

/* ---- writing ------------------------------------------------------------ */

static json_t *
make_line(const struct trivet_keeping *keeping)
{
    return json_pack("{s:s, s:I}", "request", keeping->request, "at",
        (json_int_t) keeping->at_us);
}

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
make_answered_line(
    const struct trivet_keeping *keeping, const struct trivet_answer *answer)
{
    char digest[HEX_DIGEST + 1];
    json_t *line = make_line(keeping);
    struct trivet_slice body =
        trivet_slice_make(answer->body, answer->body_len);

    if (digest_to_hex(body, digest) != TRIVET_OK) {
        json_decref(line);
        return NULL;
    }

    trivet_json_put(&line, "status", json_integer((json_int_t) answer->status));
    trivet_json_put(&line, "verified", json_boolean(answer->is_verified));
    trivet_json_put(&line, "encrypted", json_boolean(answer->was_encrypted));
    trivet_json_put(&line, "headers", make_headers(answer));
    trivet_json_put(&line, "body", json_string(digest));

    return line;
}

/* Replaces what is in the file; takes line over. Errno says what failed. */
static bool
write_file(int fd, json_t *line, struct trivet_slice body)
{
    struct trivet_buffer text = trivet_json_write(line, JSON_COMPACT, 1);
    bool is_written;

    json_decref(line);
    if (text.data == NULL) {
        errno = ENOMEM;
        return false;
    }

    text.data[text.len++] = '\n';
    is_written = lseek(fd, 0, SEEK_SET) == 0 && ftruncate(fd, 0) == 0
                 && trivet_file_write_all(fd, trivet_buffer_slice(&text))
                 && (body.len == 0 || trivet_file_write_all(fd, body))
                 && fsync(fd) == 0;
    trivet_buffer_free(&text);

    return is_written;
}

/* The name of a new file is on disk, too. */
static bool
sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && trivet_file_sync_folder(fd);

    if (fd >= 0) {
        (void) close(fd);
    }

    return is_synced;
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

/* Whether there is an answer, whole. */
static bool
read_answer(struct trivet_keeping *keeping, struct trivet_slice body)
{
    const json_t *root = keeping->root;
    const char *kept = json_string_value(json_object_get(root, "body"));
    struct trivet_answer *answer = &keeping->answer;
    char digest[HEX_DIGEST + 1];

    if (kept == NULL || digest_to_hex(body, digest) != TRIVET_OK
        || strcmp(kept, digest) != 0
        || !read_headers(keeping, json_object_get(root, "headers")))
    {
        return false;
    }

    answer->status =
        (unsigned) json_integer_value(json_object_get(root, "status"));
    answer->is_verified = json_is_true(json_object_get(root, "verified"));
    answer->was_encrypted = json_is_true(json_object_get(root, "encrypted"));
    answer->body = (const char *) body.data;
    answer->body_len = body.len;

    return answer->status >= 200 && answer->status <= 599;
}

/* What the file says, which is not empty. */
static enum trivet_kept
judge(struct trivet_keeping *keeping, int64_t now_us, bool *out_is_over)
{
    struct trivet_slice text = trivet_buffer_slice(&keeping->text);
    const unsigned char *end = memchr(text.data, '\n', text.len);
    const char *request;
    size_t len;
    int64_t at_us;

    *out_is_over = false;
    if (end == NULL) {
        return TRIVET_KEPT_UNKNOWN;
    }

    len = (size_t) (end - text.data);
    keeping->root =
        trivet_json_load(trivet_slice_make(text.data, len), 0, NULL);
    request = json_string_value(json_object_get(keeping->root, "request"));
    if (request == NULL) {
        return TRIVET_KEPT_UNKNOWN;
    }

    at_us = json_integer_value(json_object_get(keeping->root, "at"));
    *out_is_over = now_us - at_us > TRIVET_KEEPING_S * TRIVET_US_PER_S;
    if (strcmp(request, keeping->request) != 0) {
        return TRIVET_KEPT_OTHER;
    }

    return read_answer(keeping, trivet_slice_after(text, len + 1))
               ? TRIVET_KEPT_ANSWER
               : TRIVET_KEPT_UNKNOWN;
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
    keeping->at_us = now_us;
    if (!write_file(keeping->fd, make_line(keeping), trivet_slice_make(NULL, 0))
        || !sync_folder(folder))
    {
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
    char name[HEX_DIGEST + 1];

    memset(out, 0, sizeof *out);
    trivet_hex_encode(
        trivet_slice_make(request, TRIVET_DIGEST_LEN), out->request);
    if (digest_to_hex(key, name) != TRIVET_OK) {
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
    json_t *line = make_answered_line(keeping, answer);
    bool is_written = write_file(
        keeping->fd, line, trivet_slice_make(answer->body, answer->body_len));
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

    if (strlen(name) != HEX_DIGEST) {
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
