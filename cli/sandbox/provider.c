/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider.c - trivet sandbox provider: a payment service provider's files
 *
 * Whether the gateway runs or not: a sandbox trusts the root that a provider
 * brings.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/open_store.h"
#include "cli/operation.h"
#include "cli/output.h"
#include "cli/provider_files.h"
#include "cli/sandbox/sandbox.h"
#include "core/json_tree.h"

struct options {
    struct cli_data_options data;
    struct cli_words words;
};

static const struct {
    const char *field;
    const char *file;
    mode_t mode;
} files[] = {
    {"private_key", CLI_PROVIDER_KEY, 0600},
    {"certificate", CLI_PROVIDER_CERTIFICATE, 0644},
    {"chain", CLI_PROVIDER_CHAIN, 0644},
};

static enum trivet_status
write_file(
    const char *folder, size_t i, const json_t *row, struct trivet_error *err)
{
    char path[CLI_MAX_PATH];
    const char *text = json_string_value(json_object_get(row, files[i].field));

    TRIVET_TRY(cli_data_path(folder, files[i].file, path, err));

    return trivet_file_replace_whole(
        path, trivet_slice_text(text), files[i].mode, err);
}

static enum trivet_status
write_all(const char *folder, const json_t *row, struct trivet_error *err)
{
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        TRIVET_TRY(write_file(folder, i, row, err));
    }

    return TRIVET_OK;
}

static enum trivet_status
make_in(
    const char *folder, const struct options *options, struct trivet_error *err)
{
    struct cli_operation operation = {.data = &options->data};
    json_t *rows = NULL;
    enum trivet_status status;

    TRIVET_TRY(cli_open_store(
        &options->data, TRIVET_STORE_EXISTING, &operation.store, err));

    status = cli_operation_run(
        &operation, "sandbox.provider", json_object(), &rows, err);
    if (status == TRIVET_OK) {
        status = write_all(folder, json_array_get(rows, 0), err);
    }

    trivet_json_wipe(rows);
    json_decref(rows);
    trivet_store_close(operation.store);
    return status;
}

/* In a new folder: nothing of another provider is written over. */
static enum trivet_status
make(const struct options *options, struct trivet_error *err)
{
    const char *folder = options->words.at[0];
    enum trivet_status status;

    if (mkdir(folder, 0700) != 0) {
        return trivet_error_set(
            err, TRIVET_E_USAGE, "sandbox", "%s: %s", folder, strerror(errno));
    }

    status = make_in(folder, options, err);
    if (status != TRIVET_OK) {
        (void) rmdir(folder); /* unless something is in it */
        return status;
    }

    cli_tell("%s: certificate.pem, chain.pem and key.pem of a new payment "
             "service provider\n",
        folder);
    return TRIVET_OK;
}

static int
run(void *input)
{
    const struct options *options = input;
    struct trivet_error err = {.status = TRIVET_OK};

    return cli_finish_here(make(options, &err), &err);
}

static const struct cli_shared_options shared[] = {
    {&cli_data_argp, offsetof(struct options, data)}, {0}};

const struct cli_command cli_sandbox_provider_command = {
    .name = "provider",
    .summary = "make a payment service provider's certificate and key",
    .doc = "Makes a test certificate of a payment service provider (PSD2), as "
           "a QSEAL is, with its key and its chain, into the new folder "
           "FOLDER. \"trivet login --psp FOLDER\" registers it.",
    .arguments = {"FOLDER", 1, 1, offsetof(struct options, words), NULL},
    .shared = shared,
    .input_size = sizeof(struct options),
    .run = run,
};
