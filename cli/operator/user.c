/* SPDX-License-Identifier: Apache-2.0 */
/* user.c - trivet user: the users of a store */
#include <stdio.h>

#include "cli/clock.h"
#include "authority/operator/user.h"
#include "cli/operator/common.h"
#include "cli/output.h"
#include "cli/span.h"
#include "cli/table.h"
#include "store/noun/user.h"
#include "store/store.h"

enum { OPTION_COMPANY = 0x300 };

/* ---- create ------------------------------------------------------------ */

static const struct argp_option create_table[] = {
    {"company", OPTION_COMPANY, NULL, 0, "a company, not a person", 0},
    {0},
};

static error_t
parse_create(int key, char *arg, struct argp_state *state)
{
    enum trivet_user_kind *kind = state->input;

    (void) arg;

    if (key != OPTION_COMPANY) {
        return ARGP_ERR_UNKNOWN;
    }

    *kind = TRIVET_USER_COMPANY;
    return 0;
}

static const struct argp create_argp = {
    .options = create_table,
    .parser = parse_create,
};

static enum trivet_status
create(struct cli_operator *op, void *extra, struct trivet_error *err)
{
    const enum trivet_user_kind *kind = extra;
    struct trivet_user user;
    long long number;

    /* Other commands take a name or an id: they must not be confused. */
    if (trivet_slice_to_id(trivet_slice_text(op->words[0]), &number)) {
        return trivet_error_set(err, TRIVET_E_USAGE, "user.create",
            "a name is not a number: that would be taken for an id");
    }

    TRIVET_TRY(trivet_operator_make_user(
        op->store, op->words[0], *kind, cli_now_us(), &user, err));

    if (op->as_json) {
        cli_operator_done(op, user.id, "");
        return TRIVET_OK;
    }

    cli_print("%lld\n", (long long) user.id);
    return TRIVET_OK;
}

static int
run_create(int argc, char **argv)
{
    static const struct cli_operator_spec spec = {
        .args_doc = "NAME",
        .num_words = 1,
        .doc = "Makes a user and prints its id.",
        .more = &create_argp,
        .mode = TRIVET_STORE_MIGRATE,
        .work = create,
    };
    enum trivet_user_kind kind = TRIVET_USER_PERSON;

    return cli_operator_main(&spec, &kind, argc, argv);
}

/* ---- list -------------------------------------------------------------- */

static const struct cli_column columns[] = {
    {"id", "ID", CLI_CELL_VALUE},
    {"kind", "KIND", CLI_CELL_VALUE},
    {"name", "NAME", CLI_CELL_VALUE},
    {"auto_logout", "AUTO-LOGOUT", CLI_CELL_SPAN},
    {"created", "CREATED", CLI_CELL_MOMENT},
};

static void
add_user(void *rows, const struct trivet_user *row)
{
    static const char *const kinds[] = {
        [TRIVET_USER_PERSON] = "person",
        [TRIVET_USER_COMPANY] = "company",
        [TRIVET_USER_PSP] = "psp",
    };

    (void) json_array_append_new(rows,
        json_pack("{s:I, s:s, s:o, s:I, s:o}", "id", (json_int_t) row->id,
            "kind", kinds[row->kind], "name", cli_json_text(row->display_name),
            "auto_logout", (json_int_t) row->session_timeout_s, "created",
            cli_json_time(row->created_us)));
}

static enum trivet_status
list(struct cli_operator *op, void *extra, struct trivet_error *err)
{
    json_t *rows = json_array();
    enum trivet_status status =
        trivet_store_user_list(op->store, add_user, rows, err);

    (void) extra;

    return cli_operator_show(
        op, columns, sizeof columns / sizeof columns[0], rows, status);
}

static int
run_list(int argc, char **argv)
{
    static const struct cli_operator_spec spec = {
        .doc = "Lists the users.",
        .work = list,
    };

    return cli_operator_main(&spec, NULL, argc, argv);
}

/* ---- auto-logout ------------------------------------------------------- */

static enum trivet_status
auto_logout(struct cli_operator *op, void *extra, struct trivet_error *err)
{
    int64_t id;
    int64_t seconds;

    (void) extra;

    TRIVET_TRY(cli_operator_id(op, 0, &id, err));

    if (!cli_span_parse(op->words[1], TRIVET_MAX_SESSION_TIMEOUT_S, &seconds)
        || seconds < TRIVET_MIN_SESSION_TIMEOUT_S)
    {
        return trivet_error_set(err, TRIVET_E_USAGE, "user.auto_logout",
            "%s: an auto-logout time has %d to %d seconds, such as 90s, 1h or "
            "7d",
            op->words[1], TRIVET_MIN_SESSION_TIMEOUT_S,
            TRIVET_MAX_SESSION_TIMEOUT_S);
    }

    TRIVET_TRY(trivet_operator_set_auto_logout(
        op->store, id, seconds, cli_now_us(), err));

    cli_operator_done(op, id, "set, for all of the user's sessions");
    return TRIVET_OK;
}

static int
run_auto_logout(int argc, char **argv)
{
    static const struct cli_operator_spec spec = {
        .args_doc = "ID TIME",
        .num_words = 2,
        .doc = "Sets how long the sessions of a user live, those open now "
               "too.",
        .work = auto_logout,
    };

    return cli_operator_main(&spec, NULL, argc, argv);
}

static const struct cli_command commands[] = {
    {"create", "make a user", run_create},
    {"list", "list the users", run_list},
    {"auto-logout", "set how long a user's sessions live", run_auto_logout},
};

int
cli_user_main(int argc, char **argv)
{
    return cli_dispatch(
        commands, sizeof commands / sizeof commands[0], argc, argv);
}
