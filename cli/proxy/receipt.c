/* SPDX-License-Identifier: Apache-2.0 */
/* receipt.c - trivet receipt verify: what was asked, and what was answered,
 * from the receipts and the public keys alone */
#define _GNU_SOURCE /* versionsort */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/commands.h"
#include "cli/data_dir.h"
#include "cli/output.h"
#include "cli/text.h"
#include "sidecar/receipt_check.h"

enum { OPTION_KEYS = 0x200, OPTION_LAST };

struct receipt {
    struct cli_words words;
    const char *keys;
    const char *last;

    struct trivet_receipt_check check;
    const char *file; /* that is read now */
    uint64_t line;
};

static const char *const choices[] = {"verify", NULL};

static const struct argp_option options[] = {
    {"keys", OPTION_KEYS, "DIR", 0,
        "where the public keys are (default: the folder keys beside the file)",
        0},
    {"last", OPTION_LAST, "HASH", 0, "the last receipt has to have this hash",
        0},
    {0},
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
    struct receipt *receipt = state->input;

    switch (key) {
    case OPTION_KEYS:
        receipt->keys = arg;
        return 0;
    case OPTION_LAST:
        receipt->last = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void
tell(void *arg, const char *sentence)
{
    const struct receipt *receipt = arg;

    cli_print("%s:%" PRIu64 ": %s\n", receipt->file, receipt->line, sentence);
}

/* ---- files -------------------------------------------------------------- */

static int
check_file(struct receipt *receipt, const char *path)
{
    FILE *from = fopen(path, "re");
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    enum trivet_status status = TRIVET_OK;
    int number = CLI_OK;

    if (from == NULL) {
        return cli_complain(CLI_NOT_FOUND, "%s: %s", path, strerror(errno));
    }

    receipt->file = path;
    receipt->line = 0;
    while (status == TRIVET_OK && (len = getline(&line, &cap, from)) > 0) {
        receipt->line++;
        status = trivet_receipt_check_line(
            &receipt->check, trivet_slice_make(line, (size_t) len));
    }
    if (status != TRIVET_OK || ferror(from)) {
        number = cli_complain(CLI_FAILURE, "%s: it cannot be read", path);
    }

    free(line);
    (void) fclose(from);
    return number;
}

static int
is_file_of_receipts(const struct dirent *entry)
{
    const char *end = strstr(entry->d_name, ".jsonl");

    return strncmp(entry->d_name, "receipts-", 9) == 0 && end != NULL
           && end[6] == '\0';
}

/* All of a folder, in their order. */
static int
check_folder(struct receipt *receipt, const char *path)
{
    struct dirent **names;
    int num = scandir(path, &names, is_file_of_receipts, versionsort);
    int number = CLI_OK;

    if (num <= 0) {
        return cli_complain(CLI_NOT_FOUND, "%s: there are no receipts", path);
    }

    for (int i = 0; i < num; i++) {
        char file[CLI_MAX_PATH];

        if (number == CLI_OK) {
            (void) snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
            number = check_file(receipt, file);
        }
        free(names[i]);
    }

    free(names);
    return number;
}

/* ---- what came of it ---------------------------------------------------- */

static void
tell_keys(const struct trivet_receipt_keys *keys)
{
    for (size_t i = 0; i < keys->num; i++) {
        const struct trivet_receipt_key *key = &keys->keys[i];

        cli_print("key %s: %" PRIu64 " requests, %" PRIu64 " answers\n",
            key->id, key->num_requests, key->num_answers);
    }
}

static void
tell_rest(const struct trivet_receipt_check *check)
{
    const struct {
        uint64_t num;
        const char *what;
    } rows[] = {
        {check->num_unanswered, "have no answer: it was lost"},
        {check->num_unsigned, "have an answer without a signature, an error"},
        {check->num_unbound,
            "signatures are of the old form, over more than is kept: they are "
            "right, and say nothing of the body"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].num > 0) {
            cli_print("%" PRIu64 " %s\n", rows[i].num, rows[i].what);
        }
    }
}

static int
conclude(const struct receipt *receipt)
{
    const struct trivet_receipt_check *check = &receipt->check;
    bool is_last =
        receipt->last == NULL || strcmp(receipt->last, check->hash) == 0;

    if (check->num_lines == 0) {
        return cli_complain(CLI_NOT_FOUND, "there are no receipts");
    }
    if (!is_last) {
        cli_print("the last one is not %.64s: some are missing at the end\n",
            receipt->last);
    }
    tell_keys(&check->keys);
    tell_rest(check);
    cli_print("last: %s\n", check->hash);
    if (check->num_findings > 0 || !is_last) {
        return cli_complain(
            CLI_UNTRUSTED, "these are not the receipts that were written");
    }

    cli_print("%" PRIu64 " receipts, number %" PRIu64 " to %" PRIu64
              ": all are as they were written\n",
        check->num_lines, check->first, check->number);
    return CLI_OK;
}

static int
run(void *input)
{
    struct receipt *receipt = input;
    const char *path = receipt->words.at[1];
    char copy[CLI_MAX_PATH];
    char keys[CLI_MAX_PATH + 8];
    struct stat found;
    bool is_folder = stat(path, &found) == 0 && S_ISDIR(found.st_mode);
    int number;

    if (snprintf(copy, sizeof copy, "%s", path) >= (int) sizeof copy) {
        return cli_usage("the path is too long");
    }
    (void) snprintf(keys, sizeof keys, "%s/keys",
        cli_text_of(is_folder, path, dirname(copy)));
    receipt->check.keys.folder = cli_text_or(receipt->keys, keys);
    receipt->check.on_finding = tell;
    receipt->check.arg = receipt;

    number = (is_folder ? check_folder : check_file)(receipt, path);
    if (number == CLI_OK) {
        number = conclude(receipt);
    }

    trivet_receipt_check_release(&receipt->check);
    return number;
}

const struct cli_command cli_receipt_command = {
    .name = "receipt",
    .summary = "verify the receipts that a proxy has kept",
    .doc = "Verify receipts that \"trivet proxy --receipts\" has written: PATH "
           "is a file of them, or their folder. Needs no network, no context "
           "and no server: only the receipts and the public keys.",
    .arguments = {"verify PATH", 2, 2, offsetof(struct receipt, words),
        choices},
    .options = options,
    .parse = parse,
    .input_size = sizeof(struct receipt),
    .run = run,
};
