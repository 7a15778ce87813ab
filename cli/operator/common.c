/* SPDX-License-Identifier: Apache-2.0 */
/* common.c - what the commands on a store share */
#include "cli/operator/common.h"

#include "base/slice.h"
#include "cli/clock.h"
#include "cli/open_store.h"
#include "cli/operation.h"
#include "cli/output.h"
#include "cli/table.h"
#include "core/json_tree.h"
#include "store/store.h"

enum { OPTION_JSON = 0x200 };

static const struct argp_option options[] = {
    {"json", OPTION_JSON, NULL, 0, "JSON, for programs", 0},
    {0},
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
    struct cli_operator *op = state->input;

    (void) arg;

    if (key != OPTION_JSON) {
        return ARGP_ERR_UNKNOWN;
    }

    op->as_json = true;
    return 0;
}

static const struct argp argp = {.options = options, .parser = parse};

const struct cli_shared_options cli_operator_shared[] = {
    {&cli_data_argp, offsetof(struct cli_operator, data)},
    {&argp, 0},
    {0},
};

int
cli_operator_run(void *input, enum trivet_store_mode mode,
    enum trivet_status (*work)(void *input, struct trivet_error *err))
{
    struct cli_operator *op = input;
    struct trivet_error err = {.status = TRIVET_OK};
    enum trivet_status status =
        cli_open_store(&op->data, mode, &op->store, &err);

    if (status == TRIVET_OK) {
        status = work(input, &err);
    }

    trivet_store_close(op->store);
    return cli_finish_here(status, &err);
}

enum trivet_status
cli_operator_id(const struct cli_operator *op, size_t index, int64_t *out,
    struct trivet_error *err)
{
    long long id;

    if (!trivet_slice_to_id(trivet_slice_text(op->words.at[index]), &id)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "operator.id",
            "%s: not a number", op->words.at[index]);
    }

    *out = id;
    return TRIVET_OK;
}

enum trivet_status
cli_operator_call(const struct cli_operator *op, const char *name,
    json_t *given, json_t **out_rows, struct trivet_error *err)
{
    struct cli_operation operation = {.data = &op->data, .store = op->store};

    return cli_operation_run(&operation, name, given, out_rows, err);
}

enum trivet_status
cli_operator_list(const struct cli_operator *op, const char *name,
    const struct cli_column *columns, size_t num_columns,
    struct trivet_error *err)
{
    json_t *rows;
    enum trivet_status status =
        cli_operator_call(op, name, json_object(), &rows, err);

    return cli_operator_show(op, columns, num_columns, rows, status);
}

enum trivet_status
cli_operator_do(const struct cli_operator *op, const char *name, json_t *given,
    const char *sentence, struct trivet_error *err)
{
    enum trivet_status status;
    json_t *rows;
    int64_t id = 0;

    status = cli_operator_id(op, 0, &id, err);
    if (status != TRIVET_OK) {
        json_decref(given);
        return status;
    }

    trivet_json_put(&given, "id", json_integer(id));
    status = cli_operator_call(op, name, given, &rows, err);
    json_decref(rows);
    if (status == TRIVET_OK) {
        cli_operator_done(op, id, sentence);
    }

    return status;
}

void
cli_operator_done(
    const struct cli_operator *op, int64_t id, const char *sentence)
{
    if (op->as_json) {
        cli_json_print(json_pack("{s:I}", "id", (json_int_t) id));
        return;
    }

    cli_tell("%s\n", sentence);
}

enum trivet_status
cli_operator_show(const struct cli_operator *op,
    const struct cli_column *columns, size_t num_columns, json_t *rows,
    enum trivet_status status)
{
    if (status != TRIVET_OK) {
        json_decref(rows);
        return status;
    }

    cli_table_print(columns, num_columns, rows, op->as_json);
    return TRIVET_OK;
}
