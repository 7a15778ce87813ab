/* SPDX-License-Identifier: Apache-2.0 */
/* user.c - trivet user: the users of a store */
#include <stdio.h>

#include "cli/operator/common.h"
#include "cli/output.h"
#include "cli/span.h"
#include "cli/table.h"
#include "core/user.h"
#include "store/store.h"

enum {
    OPTION_COMPANY = 0x300,
    OPTION_KIND,
    OPTION_GRANTED_BY,
    OPTION_REQUESTED_BY
};

/* ---- create ------------------------------------------------------------ */

struct create_options {
    struct cli_operator op;
    enum trivet_user_kind kind;
    int64_t granted_by; /* 0: not given */
    int64_t requested_by;
};

static const struct argp_option create_table[] = {
    {"kind", OPTION_KIND, "person|company|api-key", 0,
        "what it is (default: person); api-key: an access by OAuth", 0},
    {"company", OPTION_COMPANY, NULL, 0, "the same as --kind company", 0},
    {"granted-by", OPTION_GRANTED_BY, "ID", 0,
        "of an api-key: the user whose accounts it is for", 0},
    {"requested-by", OPTION_REQUESTED_BY, "ID", 0,
        "of an api-key: the user whose app has asked", 0},
    {0},
};

static const char *const kinds[] = {
    [TRIVET_USER_PERSON] = "person",
    [TRIVET_USER_COMPANY] = "company",
    [TRIVET_USER_PSP] = "psp",
    [TRIVET_USER_API_KEY] = "api-key",
};

/* A payment service provider is not made here: its certificate does that. */
static enum trivet_user_kind
read_kind(const char *text, struct argp_state *state)
{
    for (int kind = 0; kind < TRIVET_NUM_USER_KINDS; kind++) {
        if (kind != TRIVET_USER_PSP && strcmp(text, kinds[kind]) == 0) {
            return (enum trivet_user_kind) kind;
        }
    }

    argp_error(state, "--kind %s: person, company and api-key are known", text);
    return TRIVET_USER_PERSON;
}

static int64_t
read_id(const char *text, const char *option, struct argp_state *state)
{
    long long id = 0;

    if (!trivet_slice_to_id(trivet_slice_text(text), &id) || id == 0) {
        argp_error(state, "%s: the id of a user", option);
    }

    return id;
}

/* An access has two users and no name; all others have a name. */
static void
check_parties(const struct create_options *options, struct argp_state *state)
{
    bool is_access = options->kind == TRIVET_USER_API_KEY;
    bool has_name = options->op.words.num > 0;

    if (is_access && (options->granted_by == 0 || options->requested_by == 0)) {
        argp_error(
            state, "--kind api-key needs --granted-by and --requested-by");
    }
    if (!is_access && (options->granted_by != 0 || options->requested_by != 0))
    {
        argp_error(
            state, "--granted-by and --requested-by are for --kind api-key");
    }
    if (is_access && has_name) {
        argp_error(state, "an api-key has the name of who requested it");
    }
    if (!is_access && !has_name) {
        argp_error(state, "missing argument: NAME");
    }
}

static error_t
parse_create(int key, char *arg, struct argp_state *state)
{
    struct create_options *options = state->input;

    switch (key) {
    case OPTION_COMPANY:
        options->kind = TRIVET_USER_COMPANY;
        return 0;
    case OPTION_KIND:
        options->kind = read_kind(arg, state);
        return 0;
    case OPTION_GRANTED_BY:
        options->granted_by = read_id(arg, "--granted-by", state);
        return 0;
    case OPTION_REQUESTED_BY:
        options->requested_by = read_id(arg, "--requested-by", state);
        return 0;
    case ARGP_KEY_END:
        check_parties(options, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static json_t *
describe(const struct create_options *options)
{
    const struct cli_operator *op = &options->op;

    if (options->kind == TRIVET_USER_API_KEY) {
        return json_pack("{s:s, s:I, s:I}", "kind", kinds[options->kind],
            "requested_by", (json_int_t) options->requested_by, "granted_by",
            (json_int_t) options->granted_by);
    }

    return json_pack("{s:s, s:o}", "kind", kinds[options->kind], "name",
        json_string_nocheck(op->words.at[0]));
}

static enum trivet_status
create(void *input, struct trivet_error *err)
{
    struct create_options *options = input;
    struct cli_operator *op = &options->op;
    int64_t id;
    json_t *rows;
    enum trivet_status status =
        cli_operator_call(op, "user.create", describe(options), &rows, err);

    id = json_integer_value(json_object_get(json_array_get(rows, 0), "id"));
    json_decref(rows);
    if (status != TRIVET_OK) {
        return status;
    }

    if (op->as_json) {
        cli_operator_done(op, id, "");
        return TRIVET_OK;
    }

    cli_print("%lld\n", (long long) id);
    return TRIVET_OK;
}

static int
run_create(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_MIGRATE, create);
}

static const struct create_options create_defaults = {
    .kind = TRIVET_USER_PERSON,
};

static const struct cli_command create_command = {
    .name = "create",
    .summary = "make a user",
    .doc = "Makes a user and prints its id. An api-key stands for an access by "
           "OAuth: the sessions of its API keys are a UserApiKey's.",
    .arguments = {"[NAME]", 0, 1, offsetof(struct cli_operator, words), NULL},
    .options = create_table,
    .shared = cli_operator_shared,
    .parse = parse_create,
    .input_size = sizeof(struct create_options),
    .defaults = &create_defaults,
    .run = run_create,
};

/* ---- list -------------------------------------------------------------- */

static const struct cli_column columns[] = {
    {"id", "ID", CLI_CELL_VALUE},
    {"kind", "KIND", CLI_CELL_VALUE},
    {"name", "NAME", CLI_CELL_VALUE},
    {"auto_logout", "AUTO-LOGOUT", CLI_CELL_SPAN},
    {"created", "CREATED", CLI_CELL_MOMENT},
};

static enum trivet_status
list(void *input, struct trivet_error *err)
{
    return cli_operator_list(
        input, "user.list", columns, sizeof columns / sizeof columns[0], err);
}

static int
run_list(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, list);
}

static const struct cli_command list_command = {
    .name = "list",
    .summary = "list the users",
    .doc = "Lists the users.",
    .shared = cli_operator_shared,
    .input_size = sizeof(struct cli_operator),
    .run = run_list,
};

/* ---- auto-logout ------------------------------------------------------- */

static enum trivet_status
auto_logout(void *input, struct trivet_error *err)
{
    struct cli_operator *op = input;
    int64_t id;
    int64_t seconds;

    TRIVET_TRY(cli_operator_id(op, 0, &id, err)); /* before the time */

    if (!cli_span_parse(op->words.at[1], TRIVET_MAX_SESSION_TIMEOUT_S, &seconds)
        || seconds < TRIVET_MIN_SESSION_TIMEOUT_S)
    {
        return trivet_error_set(err, TRIVET_E_USAGE, "user.auto_logout",
            "%s: an auto-logout time has %d to %d seconds, such as 90s, 1h or "
            "7d",
            op->words.at[1], TRIVET_MIN_SESSION_TIMEOUT_S,
            TRIVET_MAX_SESSION_TIMEOUT_S);
    }

    return cli_operator_do(op, "user.auto-logout",
        json_pack("{s:I}", "auto_logout", (json_int_t) seconds),
        "set, for all sessions of the user", err);
}

static int
run_auto_logout(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, auto_logout);
}

static const struct cli_command auto_logout_command = {
    .name = "auto-logout",
    .summary = "set how long a user's sessions are valid",
    .doc =
        "Sets how long the sessions of a user are valid, those open now too.",
    .arguments = {"ID TIME", 2, 2, offsetof(struct cli_operator, words), NULL},
    .shared = cli_operator_shared,
    .input_size = sizeof(struct cli_operator),
    .run = run_auto_logout,
};

static const struct cli_command *const children[] = {
    &create_command,
    &list_command,
    &auto_logout_command,
    NULL,
};

const struct cli_command cli_user_command = {
    .name = "user",
    .summary = "users: create, list, auto-logout",
    .children = children,
};
