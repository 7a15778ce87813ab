/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_copy.c - trivet store copy: a store in SQLite moves to PostgreSQL
 *
 * The source is held by a transaction that lets nobody else write, the target
 * by one that is committed when all checks are done: all of it or nothing.
 */
#define _POSIX_C_SOURCE 200809L
#include "cli/operator/store_copy.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ticks.h"
#include "cli/clock.h"
#include "cli/data_dir.h"
#include "cli/open_store.h"
#include "cli/operator/in_use.h"
#include "cli/operator/store_whole.h"
#include "cli/output.h"
#include "store/copy.h"
#include "store/noun/server_key.h"

#define SQLITE   "sqlite:"
#define POSTGRES "postgresql://"

enum { HEX_SIZE = 2 * TRIVET_DIGEST_LEN + 1 };

struct copying {
    struct cli_words words; /* the source, the target */
    const char *path;       /* of the source's file   */
    char url[CLI_MAX_PATH]; /* of the source          */
    int fd;                 /* of the source's file; -1: not open */
    struct trivet_store *source;
    struct trivet_store *target;
    int64_t num_rows;
    int64_t start_ms;
};

/* ---- failures ----------------------------------------------------------- */

/* The same failure, with what it is about in front. */
static enum trivet_status
say(const char *what, enum trivet_status status, struct trivet_error *err)
{
    struct trivet_error why = *err;

    return status == TRIVET_OK ? status
                               : trivet_error_set(err, status, "store.copy",
                                   "%s: %s", what, why.detail);
}

/* ---- opening both ------------------------------------------------------- */

static enum trivet_status
read_words(struct copying *copying, struct trivet_error *err)
{
    const char *source = copying->words.at[0];
    const char *target = copying->words.at[1];
    const size_t len = sizeof SQLITE - 1;
    int url_len;

    copying->path = strncmp(source, SQLITE, len) == 0 ? source + len : source;
    url_len =
        snprintf(copying->url, sizeof copying->url, SQLITE "%s", copying->path);

    if (strcmp(source, target) == 0 || strcmp(copying->url, target) == 0) {
        return trivet_error_set(err, TRIVET_E_USAGE, "store.copy",
            "the source and the target are the same store");
    }
    if (strncmp(source, POSTGRES, sizeof POSTGRES - 1) == 0
        || strncmp(target, POSTGRES, sizeof POSTGRES - 1) != 0)
    {
        return trivet_error_set(err, TRIVET_E_USAGE, "store.copy",
            "a store is copied from SQLite (" TRIVET_STORE_SQLITE
            ") into PostgreSQL (" TRIVET_STORE_POSTGRES ")");
    }
    if (url_len < 0 || url_len >= (int) sizeof copying->url) {
        return trivet_error_set(
            err, TRIVET_E_LIMIT, "store.copy", "the path is too long");
    }

    return TRIVET_OK;
}

static enum trivet_status
check_alone(const struct copying *copying, struct trivet_error *err)
{
    char who[64] = "another process";
    long process;

    if (!cli_in_use_by_others(copying->fd, &process)) {
        return TRIVET_OK;
    }
    if (process != 0) {
        (void) snprintf(who, sizeof who, "process %ld", process);
    }

    return trivet_error_set(err, TRIVET_E_CONFLICT, "store.copy",
        "%s has it open: what it writes would be missing in the copy; end the "
        "gateway first",
        who);
}

static enum trivet_status
open_source(struct copying *copying, struct trivet_error *err)
{
    TRIVET_TRY(cli_in_use_open(copying->path, &copying->fd, err));
    TRIVET_TRY(check_alone(copying, err));
    TRIVET_TRY(cli_open_store_at(
        copying->url, TRIVET_STORE_EXISTING, &copying->source, err));
    TRIVET_TRY(trivet_store_begin(copying->source, err));

    return check_alone(copying, err);
}

static enum trivet_status
open_target(struct copying *copying, struct trivet_error *err)
{
    TRIVET_TRY(trivet_store_open(
        copying->words.at[1], TRIVET_STORE_EXISTING, &copying->target, err));

    return trivet_store_begin_copy(copying->target, err);
}

static void
close_both(struct copying *copying)
{
    trivet_store_close(copying->target);
    trivet_store_close(copying->source);
    if (copying->fd >= 0) {
        (void) close(copying->fd);
    }
}

/* ---- what is said ------------------------------------------------------- */

static void
show_side(const char *table, const struct trivet_copy_side *side,
    const char *sentence)
{
    char hex[HEX_SIZE];

    for (size_t i = 0; i < TRIVET_DIGEST_LEN; i++) {
        (void) snprintf(hex + 2 * i, 3, "%02x", side->digest[i]);
    }
    cli_print("%-18s %10lld rows  sha256 %s  %s\n", table,
        (long long) side->num_rows, hex, sentence);
}

static void
show_table(void *opaque, const struct trivet_copied *copied)
{
    struct copying *copying = opaque;

    copying->num_rows += copied->source.num_rows;
    if (!copied->is_same) {
        show_side(copied->table, &copied->source, "in the source");
        show_side(copied->table, &copied->target, "in the target: DIFFERENT");
    } else if (copied->is_made) {
        show_side(copied->table, &copied->source,
            "the same in both; made anew by the target");
    } else {
        show_side(copied->table, &copied->source, "the same in both");
    }
}

/* Private keys are not in a store; the operator takes them along. */
static void
show_key(void *opaque, const struct trivet_server_key_row *row)
{
    const struct copying *copying = opaque;
    const char *slash = strrchr(copying->path, '/');
    int len = slash == NULL ? 0 : (int) (slash + 1 - copying->path);

    if (row->retired_us != 0) {
        return;
    }
    if (row->location[0] == '\0') {
        cli_print("not copied: the private key of server key %lld; the "
                  "gateway's configuration names it\n",
            (long long) row->id);
        return;
    }
    if (row->location[0] == '/' || trivet_private_key_is_uri(row->location)) {
        len = 0;
    }

    cli_print("not copied: the private key of server key %lld: %.*s%s\n",
        (long long) row->id, len, copying->path, row->location);
}

static enum trivet_status
show_end(struct copying *copying, struct trivet_error *err)
{
    const double seconds =
        (double) (trivet_ticks_ms() - copying->start_ms + 1) / 1000;

    TRIVET_TRY(trivet_store_server_key_list(
        copying->source, cli_now_us(), show_key, copying, err));
    cli_print("not copied: what else lies in a data directory (certificate and "
              "key of TLS, a sandbox's clock, logs)\n");
    cli_print("copied: %lld rows in %.1f s (%.0f a second)\n",
        (long long) copying->num_rows, seconds,
        (double) copying->num_rows / seconds);

    return TRIVET_OK;
}

/* ---- copying ------------------------------------------------------------ */

static enum trivet_status
check_target(struct copying *copying, struct trivet_error *err)
{
    struct trivet_audit_report audit;
    int64_t num_admissions;

    TRIVET_TRY(
        cli_store_check_whole(copying->target, &num_admissions, &audit, err));

    cli_print("audit              %10lld rows: whole in the target, with %lld "
              "checkpoints\n",
        (long long) audit.num_rows, (long long) audit.checkpoint.num_rows);
    cli_print("admission          %10lld rows: as the target's tables say\n",
        (long long) num_admissions);
    return TRIVET_OK;
}

static enum trivet_status
copy(struct copying *copying, struct trivet_error *err)
{
    struct trivet_audit_report audit;
    int64_t num_admissions;
    enum trivet_status status;

    TRIVET_TRY(read_words(copying, err));
    TRIVET_TRY(say("the source", open_source(copying, err), err));
    TRIVET_TRY(say("the source",
        cli_store_check_whole(copying->source, &num_admissions, &audit, err),
        err));
    TRIVET_TRY(say("the target", open_target(copying, err), err));

    status = trivet_store_copy(
        copying->source, copying->target, show_table, copying, err);
    if (status == TRIVET_OK) {
        status = say("the target", check_target(copying, err), err);
    }
    if (status == TRIVET_OK) {
        status = say("the source", check_alone(copying, err), err);
    }
    TRIVET_TRY(say("nothing was copied", status, err));

    TRIVET_TRY(say("whether all was copied is not known",
        trivet_store_commit(copying->target, err), err));
    return show_end(copying, err);
}

static int
run_copy(void *input)
{
    struct copying *copying = input;
    struct trivet_error err = {.status = TRIVET_OK};
    enum trivet_status status;

    copying->fd = -1;
    copying->start_ms = trivet_ticks_ms();
    status = copy(copying, &err);
    close_both(copying);

    return cli_finish_here(status, &err);
}

const struct cli_command cli_store_copy_command = {
    .name = "copy",
    .summary = "move a gateway's data from SQLite to PostgreSQL",
    .doc =
        "Copies all that the store SOURCE (sqlite:PATH, or PATH) has into "
        "TARGET (postgresql://USER@HOST/NAME), which trivet store migrate has "
        "made and nobody has used, in one transaction: all of it or nothing. "
        "Ids, sessions and the audit log stay as they are. Compares both, "
        "table by table, before the end. No gateway may have SOURCE open.",
    .arguments = {"SOURCE TARGET", 2, 2, offsetof(struct copying, words), NULL},
    .input_size = sizeof(struct copying),
    .run = run_copy,
};
