/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_backup.c - trivet store backup: a copy of a store that is in use
 *
 * Written beside its place, checked there as any other store, made durable,
 * and only then given its name: a file of that name is whole.
 */
#define _POSIX_C_SOURCE 200809L
#include "cli/operator/store_backup.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/operator/common.h"
#include "cli/operator/store_whole.h"
#include "cli/output.h"
#include "store/backup.h"

static const char scheme[] = "sqlite:";

struct backup {
    const char *path;
    char written[CLI_MAX_PATH]; /* beside path */
    int64_t num_admissions;
    struct trivet_audit_report audit;
};

/* The same failure, with the file in front. */
static enum trivet_status
say(const char *path, const char *what, enum trivet_status status,
    struct trivet_error *err)
{
    struct trivet_error why = *err;

    return trivet_error_set(
        err, status, "store.backup", "%.120s: %s%s", path, what, why.detail);
}

/* As a store of its own, which its connection leaves as one file. */
static enum trivet_status
check_written(struct backup *backup, struct trivet_error *err)
{
    char url[CLI_MAX_PATH + sizeof scheme];
    struct trivet_store *store = NULL;
    enum trivet_status status;

    (void) snprintf(url, sizeof url, "%s%s", scheme, backup->written);
    TRIVET_TRY(trivet_store_open(url, TRIVET_STORE_EXISTING, &store, err));
    status = cli_store_check_whole(
        store, &backup->num_admissions, &backup->audit, err);
    trivet_store_close(store);

    return status;
}

/* A store that is not as it should be is backed up all the same, and that is
 * said: there may be no better one. */
static enum trivet_status
put(struct backup *backup, struct trivet_error *err)
{
    enum trivet_status checked = check_written(backup, err);

    if (checked != TRIVET_OK && checked != TRIVET_E_UNTRUSTED) {
        return say(backup->path, "", checked, err);
    }

    TRIVET_TRY(trivet_file_sync(backup->written, err));
    TRIVET_TRY(trivet_file_put_new(backup->written, backup->path, err));

    return checked == TRIVET_OK
               ? TRIVET_OK
               : say(backup->path, "written; but as the store: ", checked, err);
}

static void
tell(const struct cli_operator *op, const struct backup *backup)
{
    struct stat info = {.st_size = 0};

    (void) stat(backup->path, &info);
    if (op->as_json) {
        cli_json_print(json_pack("{s:s, s:I, s:I, s:I}", "file", backup->path,
            "bytes", (json_int_t) info.st_size, "audit_rows",
            (json_int_t) backup->audit.num_rows, "sessions",
            (json_int_t) backup->num_admissions));
        return;
    }

    cli_print("%s: %lld bytes, %lld sessions, audit log up to row %lld\n",
        backup->path, (long long) info.st_size,
        (long long) backup->num_admissions, (long long) backup->audit.num_rows);
}

static enum trivet_status
write_backup(void *input, struct trivet_error *err)
{
    struct cli_operator *op = input;
    struct backup backup = {.path = op->words.at[0]};
    enum trivet_status status;

    if (access(backup.path, F_OK) == 0) {
        return trivet_error_set(err, TRIVET_E_CONFLICT, "store.backup",
            "%.120s: is there already", backup.path);
    }

    TRIVET_TRY(trivet_file_make_beside(
        backup.path, backup.written, sizeof backup.written, err));
    status = trivet_store_backup(op->store, backup.written, err);
    if (status == TRIVET_OK) {
        status = put(&backup, err);
    } else if (status != TRIVET_E_USAGE) {
        status = say(backup.path, "not written: ", status, err);
    }
    (void) unlink(backup.written);

    if (status == TRIVET_OK) {
        tell(op, &backup);
    }
    return status;
}

static int
run_backup(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, write_backup);
}

const struct cli_command cli_store_backup_command = {
    .name = "backup",
    .summary = "write a whole copy of the store, while the gateway runs",
    .doc = "Writes the store as it is at one moment into FILE, which must not "
           "be there yet and is its owner's alone, and checks it as trivet "
           "store check and trivet audit verify do. Private keys are not in a "
           "store: keep copies of them, too. Of a store in PostgreSQL its own "
           "tools make backups.",
    .arguments = {"FILE", 1, 1, offsetof(struct cli_operator, words), NULL},
    .shared = cli_operator_shared,
    .input_size = sizeof(struct cli_operator),
    .run = run_backup,
};
