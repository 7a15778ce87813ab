/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_password.c - the password that systemd gives as a credential
 *
 * Read by a process that has the right to it, and then kept: a worker of nginx
 * that is started later may have none.
 */
#define _POSIX_C_SOURCE 200809L
#include "store/postgres.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/secret.h"

static struct {
    pthread_mutex_t lock;
    char text[TRIVET_PG_MAX_PASSWORD]; /* empty: none was read */
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The first line. */
static void
keep_line(const struct trivet_buffer *file)
{
    size_t len = strcspn(file->data, "\r\n");

    trivet_wipe(kept.text, sizeof kept.text);
    memcpy(kept.text, file->data, len);
}

/* systemd mounts its folder for reading alone: then owner and mode are its. */
static enum trivet_status
read_file(const char *path, struct trivet_error *err)
{
    const struct trivet_file_rule rule = {
        .owner = TRIVET_FILE_OURS_OR_ROOTS,
        .forbidden_mode = 077,
        .accepts_read_only_mount = true,
        .content = "the store's password",
    };
    struct trivet_buffer file = trivet_buffer_make(sizeof kept.text - 1);
    enum trivet_status status;
    int fd = -1;

    TRIVET_TRY(trivet_file_open_private(path, &rule, &fd, err));

    status = trivet_file_read_all(fd, path, &file, err);
    if (status == TRIVET_OK && file.len > 0) {
        keep_line(&file);
    }
    trivet_buffer_free(&file);
    (void) close(fd);

    return status;
}

enum trivet_status
trivet_pg_get_password(
    char out[TRIVET_PG_MAX_PASSWORD], struct trivet_error *err)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    enum trivet_status status = TRIVET_OK;
    char path[PATH_MAX];

    (void) pthread_mutex_lock(&kept.lock);
    if (dir != NULL) {
        (void) snprintf(path, sizeof path, "%s/trivet-store-password", dir);
        status = read_file(path, err);
    }
    if (status == TRIVET_E_NOT_FOUND || kept.text[0] != '\0') {
        status = TRIVET_OK;
    }
    if (status == TRIVET_OK) {
        memcpy(out, kept.text, sizeof kept.text);
    }
    (void) pthread_mutex_unlock(&kept.lock);

    return status;
}
