/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_restore.c - trivet store restore: a backup becomes the store
 *
 * The backup is copied beside the store, checked there, and put in its place by
 * one rename. What it replaces is kept under another name: only that says what
 * happened since the backup was made.
 */
#define _POSIX_C_SOURCE 200809L
#include "cli/operator/store_restore.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/timestamp.h"
#include "cli/clock.h"
#include "cli/operator/common.h"
#include "cli/operator/in_use.h"
#include "cli/operator/store_whole.h"
#include "cli/output.h"
#include "store/noun/audit.h"

static const char scheme[] = "sqlite:";
enum { SCHEME_LEN = sizeof scheme - 1, CHUNK = 64 * 1024 };

struct restoring {
    const char *backup;
    char path[CLI_MAX_PATH];    /* of the store                     */
    char written[CLI_MAX_PATH]; /* beside it                        */
    char aside[CLI_MAX_PATH];   /* the store that was there; "": none */
    int fd;                     /* of that one; -1                  */
    int64_t num_admissions;
    struct trivet_audit_report audit;
};

static enum trivet_status
fail(const char *path, const char *what, struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "store.restore",
        "%.120s: %s: %s", path, what, strerror(errno));
}

/* ---- where -------------------------------------------------------------- */

static enum trivet_status
find_path(struct restoring *restoring, const struct cli_data_options *data,
    struct trivet_error *err)
{
    char dir[CLI_MAX_PATH];

    if (data->store == NULL) {
        TRIVET_TRY(cli_data_dir(data, dir, err));
        return cli_data_path(dir, "trivet.db", restoring->path, err);
    }
    if (strncmp(data->store, scheme, SCHEME_LEN) != 0) {
        return trivet_error_set(err, TRIVET_E_USAGE, "store.restore",
            "a store in PostgreSQL is restored by PostgreSQL's own tools, such "
            "as pg_restore into an empty database");
    }

    return cli_absolute_path(data->store + SCHEME_LEN, restoring->path, err);
}

/* What others write to the store that is replaced would be lost, and SQLite
 * does not bear that its file is replaced under it. */
static enum trivet_status
check_alone(const struct restoring *restoring, struct trivet_error *err)
{
    long process;

    if (restoring->fd < 0 || !cli_in_use_by_others(restoring->fd, &process)) {
        return TRIVET_OK;
    }

    return trivet_error_set(err, TRIVET_E_CONFLICT, "store.restore",
        "%.120s: process %ld has it open: end the gateway first",
        restoring->path, process);
}

static enum trivet_status
open_replaced(struct restoring *restoring, struct trivet_error *err)
{
    enum trivet_status status =
        cli_in_use_open(restoring->path, &restoring->fd, err);

    return status == TRIVET_E_NOT_FOUND ? TRIVET_OK : status;
}

/* ---- the copy ----------------------------------------------------------- */

/* A file that is used has its latest changes beside it. */
static enum trivet_status
check_backup(const struct restoring *restoring, struct trivet_error *err)
{
    char log[CLI_MAX_PATH + 8];
    enum trivet_status status;
    struct stat info;

    (void) snprintf(log, sizeof log, "%s-wal", restoring->backup);
    if (stat(log, &info) == 0 && info.st_size > 0) {
        return trivet_error_set(err, TRIVET_E_USAGE, "store.restore",
            "%.120s: a write-ahead log lies beside it: it is a store that is "
            "used, or was killed, not a backup",
            restoring->backup);
    }
    if (stat(restoring->backup, &info) != 0) {
        status = errno == ENOENT ? TRIVET_E_NOT_FOUND : TRIVET_E_UNAVAILABLE;
        return trivet_error_set(err, status, "store.restore", "%.120s: %s",
            restoring->backup, strerror(errno));
    }
    if (!S_ISREG(info.st_mode) || info.st_size == 0) {
        return trivet_error_set(err, TRIVET_E_USAGE, "store.restore",
            "%.120s: not a backup", restoring->backup);
    }

    return TRIVET_OK;
}

static enum trivet_status
copy_bytes(int from, int to, const struct restoring *restoring,
    struct trivet_error *err)
{
    char bytes[CHUNK];
    ssize_t len;

    while ((len = read(from, bytes, sizeof bytes)) > 0) {
        if (!trivet_file_write_all(to, trivet_slice_make(bytes, (size_t) len)))
        {
            return fail(restoring->written, "write", err);
        }
    }

    return len == 0 ? TRIVET_OK : fail(restoring->backup, "read", err);
}

static enum trivet_status
copy_backup(struct restoring *restoring, struct trivet_error *err)
{
    int from = open(restoring->backup, O_RDONLY | O_CLOEXEC);
    int to = open(restoring->written, O_WRONLY | O_CLOEXEC);
    enum trivet_status status;

    status = from < 0 || to < 0 ? fail(restoring->backup, "open", err)
                                : copy_bytes(from, to, restoring, err);
    if (from >= 0) {
        (void) close(from);
    }
    if (to >= 0) {
        (void) close(to);
    }

    return status;
}

/* Brought up to date when it is of an earlier version, as a gateway does it. */
static enum trivet_status
check_and_note(struct restoring *restoring, struct trivet_error *err)
{
    struct trivet_audit_entry entry = {.event = TRIVET_AUDIT_RESTORED};
    char url[CLI_MAX_PATH + SCHEME_LEN + 1];
    const char *slash = strrchr(restoring->aside, '/');
    const char *name = slash == NULL ? "" : slash + 1;
    struct trivet_store *store = NULL;
    enum trivet_status status;

    (void) snprintf(url, sizeof url, "%s%s", scheme, restoring->written);
    TRIVET_TRY(trivet_store_open(url, TRIVET_STORE_MIGRATE, &store, err));

    status = cli_store_check_whole(
        store, &restoring->num_admissions, &restoring->audit, err);
    if (status == TRIVET_OK) {
        (void) snprintf(entry.detail, sizeof entry.detail, "%.63s", name);
        status = trivet_store_audit_put(store, &entry, cli_now_us(), err);
    }
    trivet_store_close(store);

    return status;
}

/* ---- in its place ------------------------------------------------------- */

static void
name_aside(struct restoring *restoring)
{
    const time_t now = time(NULL);
    char stamp[32];
    struct tm parts;

    if (restoring->fd < 0 || gmtime_r(&now, &parts) == NULL) {
        return;
    }

    (void) strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &parts);
    (void) snprintf(restoring->aside, sizeof restoring->aside,
        "%.4000s.replaced-%s", restoring->path, stamp);
}

/* What SQLite has beside the file that is replaced: its log must not come to
 * lie beside another one. SQLite itself takes it in, if it can. */
static enum trivet_status
move_log(const struct restoring *restoring, struct trivet_error *err)
{
    static const char *const suffixes[] = {"-wal", "-shm"};
    char url[CLI_MAX_PATH + SCHEME_LEN + 1];
    char from[CLI_MAX_PATH + 8];
    char to[CLI_MAX_PATH + 8];
    struct trivet_store *store = NULL;
    enum trivet_status status;

    (void) snprintf(url, sizeof url, "%s%s", scheme, restoring->path);
    if (trivet_store_open(url, TRIVET_STORE_EXISTING, &store, NULL)
        == TRIVET_OK) {
        trivet_store_close(store);
    }

    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        (void) snprintf(
            from, sizeof from, "%s%s", restoring->path, suffixes[i]);
        (void) snprintf(to, sizeof to, "%s%s", restoring->aside, suffixes[i]);
        status = trivet_file_move_over(from, to, err);
        if (status != TRIVET_OK && status != TRIVET_E_NOT_FOUND) {
            return status;
        }
    }

    return TRIVET_OK;
}

static enum trivet_status
put_in_place(struct restoring *restoring, struct trivet_error *err)
{
    TRIVET_TRY(trivet_file_sync(restoring->written, err));
    TRIVET_TRY(check_alone(restoring, err));

    if (restoring->aside[0] != '\0') {
        TRIVET_TRY(move_log(restoring, err));
        if (link(restoring->path, restoring->aside) != 0) {
            TRIVET_TRY(
                trivet_file_move_over(restoring->path, restoring->aside, err));
        }
    }

    return trivet_file_move_over(restoring->written, restoring->path, err);
}

static enum trivet_status
restore(struct restoring *restoring, struct trivet_error *err)
{
    TRIVET_TRY(check_backup(restoring, err));
    TRIVET_TRY(open_replaced(restoring, err));
    TRIVET_TRY(check_alone(restoring, err));
    name_aside(restoring);

    TRIVET_TRY(trivet_file_make_beside(
        restoring->path, restoring->written, sizeof restoring->written, err));
    TRIVET_TRY(copy_backup(restoring, err));
    TRIVET_TRY(check_and_note(restoring, err));
    TRIVET_TRY(
        trivet_file_give_to_owner(restoring->written, restoring->path, err));

    return put_in_place(restoring, err);
}

static void
tell(const struct cli_operator *op, const struct restoring *restoring)
{
    const long long last = (long long) restoring->audit.num_rows;

    if (op->as_json) {
        cli_json_print(
            json_pack("{s:s, s:s, s:I, s:I}", "file", restoring->path,
                "replaced", restoring->aside, "audit_rows", (json_int_t) last,
                "sessions", (json_int_t) restoring->num_admissions));
        return;
    }

    cli_print("%s: restored, %lld sessions, audit log up to row %lld\n",
        restoring->path, (long long) restoring->num_admissions, last);
    if (restoring->aside[0] != '\0') {
        cli_print("what was undone: trivet audit --store sqlite:%s --since "
                  "%lld\n",
            restoring->aside, last);
    }
}

static int
run_restore(void *input)
{
    struct cli_operator *op = input;
    struct restoring restoring = {.backup = op->words.at[0], .fd = -1};
    struct trivet_error err = {.status = TRIVET_OK};
    enum trivet_status status = find_path(&restoring, &op->data, &err);

    if (status == TRIVET_OK) {
        status = restore(&restoring, &err);
    }
    if (status == TRIVET_OK) {
        tell(op, &restoring);
    } else if (restoring.written[0] != '\0') {
        (void) unlink(restoring.written);
    }
    if (restoring.fd >= 0) {
        (void) close(restoring.fd);
    }

    return cli_finish_here(status, &err);
}

const struct cli_command cli_store_restore_command = {
    .name = "restore",
    .summary = "put a backup in the place of the store",
    .doc = "Checks FILE, which trivet store backup wrote, and puts a copy of "
           "it in the place of the store; the store that was there is kept "
           "beside it, named .replaced-TIME. No gateway may have the store "
           "open. What was ended or revoked after the backup was made is valid "
           "again: the line that is printed says how to see that.",
    .arguments = {"FILE", 1, 1, offsetof(struct cli_operator, words), NULL},
    .shared = cli_operator_shared,
    .input_size = sizeof(struct cli_operator),
    .run = run_restore,
};
