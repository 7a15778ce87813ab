/* SPDX-License-Identifier: Apache-2.0 */
/* common.c - what the commands on a store share */
#include "cli/operator/common.h"

#include "base/slice.h"
#include "cli/clock.h"
#include "cli/open_store.h"
#include "cli/output.h"
#include "cli/table.h"
#include "store/store.h"

enum { OPTION_JSON = 0x200 };

/* What argp's parser is given. */
struct parsing {
    const struct cli_operator_spec *spec;
    struct cli_operator *op;
    void *extra;
};

static const struct argp_option options_table[] = {
    {"json", OPTION_JSON, NULL, 0, "JSON, for programs", 0},
    {0},
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
    struct parsing *parsing = state->input;
    struct cli_operator *op = parsing->op;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &op->data;
        if (parsing->spec->more != NULL) {
            state->child_inputs[1] = parsing->extra;
        }
        return 0;

    case OPTION_JSON:
        op->as_json = 1;
        return 0;

    case ARGP_KEY_ARG:
        if (op->num_words == parsing->spec->num_words) {
            argp_error(state, "too many arguments: %s", arg);
            return 0;
        }
        op->words[op->num_words++] = arg;
        return 0;

    case ARGP_KEY_END:
        if (op->num_words < parsing->spec->num_words) {
            argp_error(state, "%s: expected", parsing->spec->args_doc);
        }
        return 0;

    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int
cli_operator_main(
    const struct cli_operator_spec *spec, void *extra, int argc, char **argv)
{
    struct cli_operator op = {.num_words = 0};
    struct parsing parsing = {spec, &op, extra};
    const struct argp_child children[] = {
        {&cli_data_argp, 0, NULL, 0},
        {spec->more, 0, NULL, 0},
        {0},
    };
    const struct argp argp = {
        .options = options_table,
        .parser = parse_option,
        .args_doc = spec->args_doc,
        .doc = spec->doc,
        .children = children,
    };
    struct trivet_error err = {.status = TRIVET_OK};
    enum trivet_status status;

    if (argp_parse(&argp, argc, argv, 0, NULL, &parsing) != 0) {
        return CLI_USAGE;
    }

    status = cli_open_store(&op.data, spec->mode, &op.store, &err);
    if (status == TRIVET_OK) {
        status = spec->work(&op, extra, &err);
    }

    trivet_store_close(op.store);
    err.status = status;
    return status == TRIVET_OK ? CLI_OK : cli_fail_here(&err);
}

enum trivet_status
cli_operator_id(const struct cli_operator *op, size_t index, int64_t *out,
    struct trivet_error *err)
{
    long long id;

    if (!trivet_slice_to_id(trivet_slice_text(op->words[index]), &id)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "operator.id",
            "%s: not a number", op->words[index]);
    }

    *out = id;
    return TRIVET_OK;
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
