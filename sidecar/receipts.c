/* SPDX-License-Identifier: Apache-2.0 */
/* receipts.c - a folder of receipts */
#define _GNU_SOURCE /* fallocate */
#include "sidecar/receipts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "client/request.h"

enum {
    /* Of a line without bodies: two signatures, two heads, a URL. */
    ROOM_FOR_LINE = 64 * 1024,
    /* Of a body in it, when an answer's is not known yet. */
    ROOM_FOR_BODY = 256 * 1024,
    MAX_NAME = 64,
    MAX_FOLDER = 4000,
    STEP = 64 * 1024
};

static const char name_format[] = "receipts-%06" PRIu64 ".jsonl";

struct trivet_receipts {
    const char *folder;
    int64_t max_file;
    bool keeps_bodies;

    pthread_mutex_t mutex; /* guards what follows */
    int fd;                /* -1: none is open    */
    uint64_t file;         /* its number          */
    int64_t size;          /* of it, as we left it; others may write, too */
    uint64_t number;       /* of the last line; 0: none */
    char hash[TRIVET_RECEIPT_HASH + 1];
    int64_t room; /* reserved behind the size */
};

struct trivet_receipts *
trivet_receipts_new(const char *folder, int64_t max_file, bool keeps_bodies)
{
    struct trivet_receipts *receipts = calloc(1, sizeof *receipts);

    if (receipts == NULL || strlen(folder) > MAX_FOLDER
        || pthread_mutex_init(&receipts->mutex, NULL) != 0)
    {
        free(receipts);
        return NULL;
    }

    receipts->folder = folder;
    receipts->max_file = max_file;
    receipts->keeps_bodies = keeps_bodies;
    receipts->fd = -1;

    return receipts;
}

/* Cuts the file; when that fails, nothing is to be done here. */
static void
cut(int fd, int64_t size)
{
    bool is_cut = ftruncate(fd, (off_t) size) == 0;

    (void) is_cut;
}

/* What was reserved and is not used goes back to the disk. */
static void
close_file(struct trivet_receipts *receipts)
{
    struct stat now;

    if (receipts->fd >= 0) {
        if (fstat(receipts->fd, &now) == 0) {
            cut(receipts->fd, now.st_size);
        }
        (void) close(receipts->fd);
        receipts->fd = -1;
    }
}

void
trivet_receipts_free(struct trivet_receipts *receipts)
{
    if (receipts == NULL) {
        return;
    }

    close_file(receipts);
    (void) pthread_mutex_destroy(&receipts->mutex);
    free(receipts);
}

static enum trivet_status
fail(struct trivet_receipts *receipts, const char *what,
    struct trivet_error *err)
{
    int number = errno;

    close_file(receipts); /* it is looked at anew next time */

    return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "receipts",
        "receipts cannot be kept: %s: %s: %s", what, receipts->folder,
        strerror(number));
}

/* ---- files -------------------------------------------------------------- */

static uint64_t
find_last_file(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    uint64_t last = 0;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char name[MAX_NAME];
        uint64_t number;

        if (sscanf(entry->d_name, "receipts-%" SCNu64, &number) == 1
            && snprintf(name, sizeof name, name_format, number) > 0
            && strcmp(name, entry->d_name) == 0 && number > last)
        {
            last = number;
        }
    }
    if (dir != NULL) {
        (void) closedir(dir);
    }

    return last;
}

/* Opens the file of that number, and makes it if it is not there. */
static bool
open_file(struct trivet_receipts *receipts, uint64_t file)
{
    char path[MAX_FOLDER + MAX_NAME + 2];
    char name[MAX_NAME];

    (void) snprintf(name, sizeof name, name_format, file);
    (void) snprintf(path, sizeof path, "%s/%s", receipts->folder, name);
    close_file(receipts);
    receipts->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (receipts->fd < 0) {
        return false;
    }

    receipts->file = file;
    receipts->size = -1; /* not looked at */

    /* The name of a new file is on disk, too. */
    return trivet_file_sync_folder_at(receipts->folder);
}

/* Behind the last LF at or before end; 0: there is none. */
static int64_t
find_line_end(int fd, int64_t end)
{
    char piece[STEP];

    while (end > 0) {
        int64_t begin = end > STEP ? end - STEP : 0;
        ssize_t len = pread(fd, piece, (size_t) (end - begin), (off_t) begin);
        const char *found;

        if (len != end - begin) {
            return -1;
        }
        found = memrchr(piece, '\n', (size_t) len);
        if (found != NULL) {
            return begin + (found - piece) + 1;
        }
        end = begin;
    }

    return 0;
}

/* The last line's number and hash, of a file of that size; what is behind its
 * LF was written by a process that died, and is cut off. */
static bool
read_last_line(struct trivet_receipts *receipts, int64_t size)
{
    char end[TRIVET_MAX_RECEIPT_END];
    char previous[TRIVET_RECEIPT_HASH + 1];
    int64_t whole = find_line_end(receipts->fd, size);
    size_t len;

    if (whole < 0 || (whole < size && ftruncate(receipts->fd, whole) != 0)) {
        return false;
    }

    receipts->size = whole;
    if (whole == 0) {
        return true; /* it goes on from the file before */
    }

    len = whole < (int64_t) sizeof end ? (size_t) whole : sizeof end;
    if (pread(receipts->fd, end, len, (off_t) (whole - (int64_t) len))
            != (ssize_t) len
        || !trivet_receipt_read_end(trivet_slice_make(end, len - 1),
            &receipts->number, previous, receipts->hash))
    {
        errno = EBADMSG;
        return false;
    }

    return true;
}

/* As it is on the disk now, if others have written since. */
static bool
look(struct trivet_receipts *receipts)
{
    struct stat now;
    uint64_t last = find_last_file(receipts->folder);

    if (receipts->fd < 0 || last != receipts->file) {
        receipts->number = 0;
        memcpy(receipts->hash, trivet_receipt_no_hash, sizeof receipts->hash);
        /* One that is empty has its last line in the file before. */
        if (last > 1
            && (!open_file(receipts, last - 1) || fstat(receipts->fd, &now) != 0
                || !read_last_line(receipts, now.st_size)))
        {
            return false;
        }
        if (!open_file(receipts, last == 0 ? 1 : last)) {
            return false;
        }
    }

    return fstat(receipts->fd, &now) == 0
           && (now.st_size == receipts->size
               || read_last_line(receipts, now.st_size));
}

/* Nobody else writes while the folder's lock is held. -1: errno says why. */
static int
lock_folder(const struct trivet_receipts *receipts)
{
    int fd = open(receipts->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
        (void) close(fd);
        return -1;
    }

    return fd;
}

/* ---- room --------------------------------------------------------------- */

/* File systems that cannot reserve are written to all the same. */
static bool
allocate(const struct trivet_receipts *receipts)
{
    return fallocate(receipts->fd, FALLOC_FL_KEEP_SIZE, (off_t) receipts->size,
               (off_t) receipts->room)
               == 0
           || errno == EOPNOTSUPP || errno == ENOSYS;
}

enum trivet_status
trivet_receipts_reserve(struct trivet_receipts *receipts, size_t body_len,
    int64_t *out_room, struct trivet_error *err)
{
    enum trivet_status status = TRIVET_OK;
    int64_t room = ROOM_FOR_LINE;
    int lock;

    if (receipts->keeps_bodies) {
        room += 2 * (int64_t) body_len + ROOM_FOR_BODY;
    }

    (void) pthread_mutex_lock(&receipts->mutex);
    lock = lock_folder(receipts);
    receipts->room += room;
    if (lock < 0 || !look(receipts)) {
        status = fail(receipts, "the folder", err);
    } else if (!allocate(receipts)) {
        status = fail(receipts, "no room", err);
    }
    if (status != TRIVET_OK) {
        receipts->room -= room;
    }
    if (lock >= 0) {
        (void) close(lock);
    }
    (void) pthread_mutex_unlock(&receipts->mutex);

    *out_room = room;
    return status;
}

void
trivet_receipts_cancel(struct trivet_receipts *receipts, int64_t room)
{
    (void) pthread_mutex_lock(&receipts->mutex);
    receipts->room -= room;
    (void) pthread_mutex_unlock(&receipts->mutex);
}

/* ---- a receipt ---------------------------------------------------------- */

/* The public key, under its name, unless it is there. */
static enum trivet_status
keep_key(const struct trivet_receipts *receipts,
    const struct trivet_public_key *key, struct trivet_error *err)
{
    char path[MAX_FOLDER + MAX_NAME + TRIVET_RECEIPT_HASH];
    char id[TRIVET_RECEIPT_HASH + 1];
    char pem[1024];
    enum trivet_status status;

    if (key->der_len == 0) {
        return TRIVET_OK;
    }

    TRIVET_TRY(
        trivet_receipt_key_id(trivet_slice_make(key->der, key->der_len), id));
    (void) snprintf(path, sizeof path, "%s/keys", receipts->folder);
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "receipts", "%s: %s",
            path, strerror(errno));
    }
    (void) snprintf(path, sizeof path, "%s/keys/%s.pem", receipts->folder, id);
    if (access(path, F_OK) == 0) {
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_public_key_to_pem(key, pem, sizeof pem));
    status = trivet_file_create_whole(path, trivet_slice_text(pem), 0600, err);
    return status == TRIVET_E_CONFLICT ? TRIVET_OK : status;
}

static enum trivet_status
keep_keys(const struct trivet_receipts *receipts,
    const struct trivet_evidence *evidence, struct trivet_error *err)
{
    TRIVET_TRY(keep_key(receipts, &evidence->request.key, err));

    return keep_key(receipts, &evidence->answer.key, err);
}

/* Behind the last line, or in a new file. A part of it does not stay. */
static bool
append(struct trivet_receipts *receipts, struct trivet_buffer *line,
    bool is_durable)
{
    char hash[TRIVET_RECEIPT_HASH + 1];

    if (receipts->size >= receipts->max_file
        && (!open_file(receipts, receipts->file + 1)
            || !read_last_line(receipts, 0)))
    {
        return false;
    }

    memcpy(hash, receipts->hash, sizeof hash);
    if (trivet_receipt_end(line, receipts->number + 1, hash) != TRIVET_OK) {
        errno = ENOMEM;
        return false;
    }
    if (lseek(receipts->fd, (off_t) receipts->size, SEEK_SET) < 0
        || !trivet_file_write_all(receipts->fd, trivet_buffer_slice(line))
        || (is_durable && fdatasync(receipts->fd) != 0))
    {
        int number = errno;

        cut(receipts->fd, receipts->size);
        errno = number;
        return false;
    }

    receipts->size += (int64_t) line->len;
    receipts->number++;
    memcpy(receipts->hash, hash, sizeof hash);
    return true;
}

static enum trivet_status
keep_line(struct trivet_receipts *receipts, struct trivet_buffer *line,
    bool is_durable, uint64_t *out_number, struct trivet_error *err)
{
    int lock = lock_folder(receipts);
    enum trivet_status status = TRIVET_OK;

    if (lock < 0 || !look(receipts)) {
        status = fail(receipts, "the folder", err);
    } else if (!append(receipts, line, is_durable)) {
        status = fail(receipts, "a line", err);
    } else {
        *out_number = receipts->number;
    }

    if (lock >= 0) {
        (void) close(lock);
    }
    return status;
}

enum trivet_status
trivet_receipts_keep(struct trivet_receipts *receipts,
    struct trivet_receipt *receipt, int64_t room, uint64_t *out_number,
    struct trivet_error *err)
{
    bool is_durable = !trivet_method_is_safe(receipt->method);
    struct trivet_buffer line;
    enum trivet_status status;

    receipt->keeps_bodies = receipts->keeps_bodies;
    line = trivet_receipt_begin(receipt);
    if (line.data == NULL) {
        trivet_receipts_cancel(receipts, room);
        return trivet_error_set(err, TRIVET_E_MEMORY, "receipts",
            "a receipt is not kept: out of memory");
    }

    (void) pthread_mutex_lock(&receipts->mutex);
    receipts->room -= room;
    status = keep_keys(receipts, receipt->evidence, err);
    if (status == TRIVET_OK) {
        status = keep_line(receipts, &line, is_durable, out_number, err);
    }
    (void) pthread_mutex_unlock(&receipts->mutex);

    trivet_buffer_free(&line);
    return status;
}
