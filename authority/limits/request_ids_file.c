/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request_ids_file.c - the table of request ids, in a file
 *
 * Who maps the file has a shared lock on it (flock) for as long as it does; the
 * system takes the lock back when a process ends, in whatever way. Who gets the
 * exclusive lock is alone: it alone may mend the table. A table's form is
 * written last, so that one that was half made is made again.
 */
#define _DEFAULT_SOURCE
#include "authority/limits/request_ids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

enum { STEP_MS = 10 };

/* Another layout gets another number; the size tells the rest. */
static const uint64_t form_here =
    UINT64_C(0x7472697665740100)
    ^ (uint64_t) sizeof(struct trivet_request_id_table);

static enum trivet_status
fail(struct trivet_error *err, const char *path, const char *why)
{
    return trivet_error_set(
        err, TRIVET_E_UNAVAILABLE, "request_ids.open", "%s: %s", path, why);
}

static bool
has_size(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0
           && info.st_size == (off_t) sizeof(struct trivet_request_id_table);
}

/* With blocks of its own on the disk: a full one shows here, not later. */
static bool
make_size(int fd)
{
    return (has_size(fd) || ftruncate(fd, 0) == 0)
           && posix_fallocate(
                  fd, 0, (off_t) sizeof(struct trivet_request_id_table))
                  == 0
           && has_size(fd);
}

static struct trivet_request_id_table *
map(int fd)
{
    void *memory = mmap(NULL, sizeof(struct trivet_request_id_table),
        PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

static void
unmap(struct trivet_request_id_table *table)
{
    if (table != NULL) {
        (void) munmap(table, sizeof *table);
    }
}

/* By the one that is alone. */
static bool
mend(struct trivet_request_id_table *table)
{
    bool is_table = table->form == form_here;
    enum trivet_status status;

    table->form = 0;
    atomic_thread_fence(memory_order_seq_cst);

    status = is_table ? trivet_request_ids_renew_mutex(table)
                      : trivet_request_ids_init(table);

    atomic_thread_fence(memory_order_seq_cst);
    if (status == TRIVET_OK) {
        table->form = form_here;
    }

    return status == TRIVET_OK;
}

/* Ends with the shared lock alone; between the two another may have been alone
 * for a while, and have mended it as well. */
static bool
be_alone(int fd)
{
    struct trivet_request_id_table *table = make_size(fd) ? map(fd) : NULL;
    bool is_good = table != NULL && mend(table);

    unmap(table);
    return flock(fd, LOCK_SH | LOCK_NB) == 0 && is_good;
}

/* NULL: not now. */
static struct trivet_request_id_table *
attach(int fd)
{
    struct trivet_request_id_table *table = NULL;
    bool is_locked = flock(fd, LOCK_EX | LOCK_NB) == 0
                         ? be_alone(fd)
                         : flock(fd, LOCK_SH | LOCK_NB) == 0;

    if (is_locked && has_size(fd)) {
        table = map(fd);
    }
    if (table != NULL && table->form == form_here) {
        return table;
    }

    unmap(table);
    (void) flock(fd, LOCK_UN);
    return NULL;
}

static struct trivet_request_id_table *
attach_in_time(int fd, unsigned max_wait_ms)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    struct trivet_request_id_table *table = attach(fd);

    for (unsigned ms = 0; table == NULL && ms < max_wait_ms; ms += STEP_MS) {
        (void) nanosleep(&step, NULL);
        table = attach(fd);
    }

    return table;
}

/* Whether it is a file of ours, and nobody else's from now on. */
static enum trivet_status
take_file(int fd, const char *path, struct trivet_error *err)
{
    const struct trivet_file_rule rule = {
        .owner = TRIVET_FILE_OURS,
        .refuses_two_names = true,
    };

    struct trivet_error why;

    if (trivet_file_check(fd, path, &rule, &why) != TRIVET_OK) {
        return trivet_error_set(
            err, TRIVET_E_UNAVAILABLE, "request_ids.open", "%s", why.detail);
    }

    if (fchmod(fd, 0600) != 0) {
        return fail(err, path, strerror(errno));
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_request_ids_open(const char *path, unsigned max_wait_ms,
    struct trivet_request_ids *out, struct trivet_error *err)
{
    const int how = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    struct trivet_request_id_table *table;
    enum trivet_status status;
    int fd = open(path, how, 0600);

    out->table = NULL;
    out->fd = -1;
    if (fd < 0) {
        return fail(err, path, strerror(errno));
    }

    status = take_file(fd, path, err);
    if (status != TRIVET_OK) {
        (void) close(fd);
        return status;
    }

    table = attach_in_time(fd, max_wait_ms);
    if (table == NULL) {
        (void) close(fd);
        return fail(err, path,
            "no space for it, or it is locked, or another version uses it");
    }

    out->fd = fd;
    memcpy(out->secret, table->secret, sizeof out->secret);
    out->table = table; /* last: threads may look for it */
    return TRIVET_OK;
}

void
trivet_request_ids_close(struct trivet_request_ids *ids)
{
    unmap(ids->table);
    ids->table = NULL;
    if (ids->fd >= 0) {
        (void) close(ids->fd);
    }
    ids->fd = -1;
}
