/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common.h - what the commands on a store share
 *
 * Each has --data, --store and --json and some words; it opens the store, does
 * one thing and closes it. The gateway may run at the same time.
 */
#ifndef TRIVET_CLI_OPERATOR_COMMON_H
#define TRIVET_CLI_OPERATOR_COMMON_H

#include "cli/commands.h"
#include "cli/data_dir.h"
#include "cli/table.h"
#include "core/user.h"
#include "store/store.h"

/* The first member of the input of each command on a store. */
struct cli_operator {
    struct cli_data_options data;
    struct cli_words words;
    bool as_json;
    struct trivet_store *store; /* open while the command's work runs */
};

/* The shared options of a command whose input is or begins with a struct
 * cli_operator. */
extern const struct cli_shared_options cli_operator_shared[];

/* Opens the store, has work do its part and closes the store. input: the
 * command's. Returns the exit status; a failure is on standard error. */
int cli_operator_run(void *input, enum trivet_store_mode mode,
    enum trivet_status (*work)(void *input, struct trivet_error *err));

/* Runs the call of that name (cli/operation.h). */
TRIVET_MUST_USE enum trivet_status cli_operator_call(
    const struct cli_operator *op, const char *name, json_t *given,
    json_t **out_rows, struct trivet_error *err);

/* A command that lists what a call without fields gives. */
TRIVET_MUST_USE enum trivet_status cli_operator_list(
    const struct cli_operator *op, const char *name,
    const struct cli_column *columns, size_t num_columns,
    struct trivet_error *err);

/* A command that does something to the thing of an id; given, which is taken
 * over, has the other fields. Then says sentence. */
TRIVET_MUST_USE enum trivet_status cli_operator_do(
    const struct cli_operator *op, const char *name, json_t *given,
    const char *sentence, struct trivet_error *err);

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
