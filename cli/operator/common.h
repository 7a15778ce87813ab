/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common.h - what the commands on a store share
 *
 * Each takes --data, --store and --json and some words; it opens the store,
 * does one thing and closes it. The gateway may run meanwhile.
 */
#ifndef TRIVET_CLI_OPERATOR_COMMON_H
#define TRIVET_CLI_OPERATOR_COMMON_H

#include "cli/command.h"
#include "cli/data_dir.h"
#include "cli/table.h"
#include "core/user.h"
#include "store/store.h"

enum { CLI_MAX_WORDS = 4 };

struct cli_operator {
    struct cli_data_options data;
    int as_json;
    size_t num_words;
    const char *words[CLI_MAX_WORDS];
    struct trivet_store *store; /* open while the command's work runs */
};

struct cli_operator_spec {
    const char *args_doc; /* such as "ID SECONDS"; NULL: no words            */
    const char *doc;
    size_t num_words;
    const struct argp
        *more; /* options of its own, or NULL; argp input: extra */
    enum trivet_store_mode mode;
    enum trivet_status (*work)(
        struct cli_operator *op, void *extra, struct trivet_error *err);
};

/* Parses the arguments, opens the store, works; returns the exit status. */
int cli_operator_main(
    const struct cli_operator_spec *spec, void *extra, int argc, char **argv);

/* The word at index as an id. */
TRIVET_MUST_USE enum trivet_status cli_operator_id(
    const struct cli_operator *op, size_t index, int64_t *out,
    struct trivet_error *err);

/* "done" in words on stderr, or {"id":ID} in JSON. */
void cli_operator_done(
    const struct cli_operator *op, int64_t id, const char *sentence);

/* The end of a list: prints rows, which it takes over, when status is
 * TRIVET_OK; returns status. */
enum trivet_status cli_operator_show(const struct cli_operator *op,
    const struct cli_column *columns, size_t num_columns, json_t *rows,
    enum trivet_status status);

#endif
