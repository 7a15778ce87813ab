/* SPDX-License-Identifier: Apache-2.0 */
/* common.c - what the commands on a store share */
#include "cli/operator/common.h"

#include <stdio.h>

#include "base/slice.h"
#include "base/uuid.h"
#include "cli/clock.h"
#include "cli/open_store.h"
#include "cli/output.h"
#include "cli/table.h"
#include "crypto/digest.h"

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

bool
cli_operator_is_text(const char *name)
{
    size_t len = strlen(name);
    json_t *text = json_string(name); /* refuses what is not UTF-8 */
    bool is_good = text != NULL && len < TRIVET_MAX_NAME;

    json_decref(text);

    for (size_t i = 0; is_good && i < len; i++) {
        is_good = (unsigned char) name[i] >= 0x20 && name[i] != 0x7f;
    }

    return is_good;
}

enum trivet_status
cli_operator_make_user(struct cli_operator *op, const char *name,
    enum trivet_user_kind kind, struct trivet_user *out,
    struct trivet_error *err)
{
    struct trivet_user user = {
        .kind = kind,
        .session_timeout_s = TRIVET_DEFAULT_SESSION_TIMEOUT_S,
    };
    unsigned char random[16];

    if (name[0] == '\0' || !cli_operator_is_text(name)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "operator.user",
            "a name has 1 to %d bytes of UTF-8 without control characters",
            TRIVET_MAX_NAME - 1);
    }

    TRIVET_TRY(trivet_random(random, sizeof random));
    trivet_uuid_format(random, user.public_uuid);
    (void) snprintf(user.display_name, sizeof user.display_name, "%s", name);

    TRIVET_TRY(trivet_store_user_put(op->store, &user, cli_now_us(), err));

    *out = user;
    return TRIVET_OK;
}

enum trivet_status
cli_operator_user(struct cli_operator *op, const char *name_or_id,
    struct trivet_user *out, struct trivet_error *err)
{
    const char *name = name_or_id == NULL ? "default" : name_or_id;
    enum trivet_status status;
    long long id;

    if (trivet_slice_to_id(trivet_slice_text(name), &id)) {
        status = trivet_store_user_get(op->store, id, out, err);
        if (status == TRIVET_E_NOT_FOUND) {
            return trivet_error_set(
                err, status, "operator.user", "there is no user %lld", id);
        }
        return status;
    }

    status = trivet_store_user_find(op->store, name, out, err);
    if (status != TRIVET_E_NOT_FOUND) {
        return status;
    }

    return cli_operator_make_user(op, name, TRIVET_USER_PERSON, out, err);
}
