/* SPDX-License-Identifier: Apache-2.0 */
/* inplace.c - a file that cannot be replaced, rewritten in its place, safely */
#define _GNU_SOURCE /* F_OFD_SETLK */
#include "client/inplace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/secret.h"
#include "crypto/digest.h"

static const char mark[] = "TRIVETJ1";

enum {
    MARK_LEN = sizeof mark - 1,
    LENGTH_LEN = 8,
    TRAILER_LEN = MARK_LEN + LENGTH_LEN + TRIVET_DIGEST_LEN,
    MAX_FILE = 1024 * 1024, /* bytes: text, zeros and journal */
    LOCK_POLL_MS = 5,
    MAX_LOCK_WAIT_MS = 5000
};

/* ---- what a file says ---------------------------------------------------- */

static void
write_trailer(struct trivet_slice text, const unsigned char *digest,
    unsigned char out[TRAILER_LEN])
{
    memcpy(out, mark, MARK_LEN);
    for (size_t i = 0; i < LENGTH_LEN; i++) {
        out[MARK_LEN + i] =
            (unsigned char) ((uint64_t) text.len >> (8 * (LENGTH_LEN - 1 - i)));
    }
    memcpy(out + MARK_LEN + LENGTH_LEN, digest, TRIVET_DIGEST_LEN);
}

/* The text of a whole journal at the end of file. */
static bool
find_journal(struct trivet_slice file, struct trivet_slice *out)
{
    unsigned char digest[TRIVET_DIGEST_LEN];
    const unsigned char *trailer;
    uint64_t len = 0;

    if (file.len < TRAILER_LEN) {
        return false;
    }

    trailer = file.data + file.len - TRAILER_LEN;
    for (size_t i = 0; i < LENGTH_LEN; i++) {
        len = len << 8 | trailer[MARK_LEN + i];
    }
    if (memcmp(trailer, mark, MARK_LEN) != 0 || len > file.len - TRAILER_LEN
        || trivet_sha256(trivet_slice_make(trailer - len, (size_t) len), digest)
               != TRIVET_OK
        || memcmp(trailer + MARK_LEN + LENGTH_LEN, digest, sizeof digest) != 0)
    {
        return false;
    }

    *out = trivet_slice_make(trailer - len, (size_t) len);
    return true;
}

struct trivet_slice
trivet_inplace_text(struct trivet_slice file)
{
    const unsigned char *nul;
    struct trivet_slice text;

    if (find_journal(file, &text)) {
        return text;
    }

    nul = file.len == 0 ? NULL : memchr(file.data, '\0', file.len);
    if (nul == NULL) {
        return file;
    }

    return trivet_slice_make(file.data, (size_t) (nul - file.data));
}

/* ---- locks --------------------------------------------------------------- */

static bool
lock(int fd, short kind)
{
    const struct timespec pause = {0, LOCK_POLL_MS * 1000000L};

    for (int waited_ms = 0; waited_ms < MAX_LOCK_WAIT_MS;
         waited_ms += LOCK_POLL_MS) {
        struct flock all = {.l_type = kind, .l_whence = SEEK_SET};

        if (fcntl(fd, F_OFD_SETLK, &all) == 0) {
            return true;
        }
        if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
            return true; /* there are no locks here */
        }
        (void) nanosleep(&pause, NULL);
    }

    return false;
}

void
trivet_inplace_lock_for_reading(int fd)
{
    (void) lock(fd, F_RDLCK);
}

/* ---- writing ------------------------------------------------------------- */

static bool
write_at(int fd, struct trivet_slice bytes, off_t at)
{
    while (bytes.len > 0) {
        ssize_t num = pwrite(fd, bytes.data, bytes.len, at);

        if (num < 0 && errno == EINTR) {
            continue;
        }
        if (num <= 0) {
            return false;
        }

        bytes = trivet_slice_after(bytes, (size_t) num);
        at += num;
    }

    return true;
}

/* The end of a rewriting: text is in a whole journal, or is all there is. */
static bool
settle(int fd, struct trivet_slice text)
{
    return write_at(fd, text, 0) && fsync(fd) == 0
           && ftruncate(fd, (off_t) text.len) == 0 && fsync(fd) == 0;
}

/* Zeros from where the old text ends to the journal, then that. */
static bool
append_journal(int fd, size_t old_len, struct trivet_slice text)
{
    /* Where the new text, written at the front, cannot reach. */
    size_t start = (old_len > text.len ? old_len : text.len) + 1;
    size_t len = start - old_len + text.len + TRAILER_LEN;
    unsigned char digest[TRIVET_DIGEST_LEN];
    unsigned char *bytes = calloc(1, len);
    bool is_written;

    if (bytes == NULL || trivet_sha256(text, digest) != TRIVET_OK) {
        free(bytes);
        return false;
    }

    memcpy(bytes + (start - old_len), text.data, text.len);
    write_trailer(text, digest, bytes + len - TRAILER_LEN);
    is_written = write_at(fd, trivet_slice_make(bytes, len), (off_t) old_len)
                 && fsync(fd) == 0;
    trivet_wipe(bytes, len);
    free(bytes);

    return is_written;
}

/* Brings the file to rest: out is the length of its text then. */
static bool
recover(int fd, size_t *out_len)
{
    struct stat info;
    struct trivet_slice text;
    unsigned char *bytes = NULL;
    ssize_t len = 0;
    bool is_done;

    if (fstat(fd, &info) != 0 || info.st_size > MAX_FILE) {
        return false;
    }
    if (info.st_size == 0) {
        *out_len = 0;
        return true;
    }

    bytes = malloc((size_t) info.st_size);
    if (bytes != NULL) {
        len = pread(fd, bytes, (size_t) info.st_size, 0);
    }
    if (bytes == NULL || len != info.st_size) {
        free(bytes);
        return false;
    }

    text = trivet_inplace_text(trivet_slice_make(bytes, (size_t) len));
    *out_len = text.len;
    is_done = text.len == (size_t) len || settle(fd, text);
    trivet_wipe(bytes, (size_t) len);
    free(bytes);

    return is_done;
}

static enum trivet_status
fail(const char *path, const char *what, struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_INTERNAL, "file", "%s: %s: %s", path,
        what, strerror(errno));
}

enum trivet_status
trivet_inplace_write(int fd, const char *path, struct trivet_slice text,
    struct trivet_error *err)
{
    size_t old_len;

    if (!lock(fd, F_WRLCK)) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "file",
            "%s: another process keeps reading it", path);
    }
    if (!recover(fd, &old_len)) {
        return fail(path, "cannot read it before it is written", err);
    }
    if (!append_journal(fd, old_len, text)) {
        enum trivet_status status = fail(path, "cannot write", err);

        (void) !ftruncate(fd, (off_t) old_len);
        return status;
    }

    /* From here on the new text is in the file, whatever happens: a reader
     * finds it in the journal. */
    (void) settle(fd, text);

    return TRIVET_OK;
}
