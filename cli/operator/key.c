/* SPDX-License-Identifier: Apache-2.0 */
/* key.c - trivet key: the API keys of a store */
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "cli/operation.h"
#include "cli/operator/common.h"
#include "cli/output.h"
#include "cli/span.h"
#include "cli/table.h"
#include "core/json_tree.h"
#include "core/limits.h"
#include "crypto/token.h"
#include "store/store.h"

enum {
    OPTION_USER = 0x300,
    OPTION_LABEL,
    OPTION_SECRET_FILE,
    OPTION_EXPIRES,
    OPTION_SANDBOX
};

/* ---- create ------------------------------------------------------------ */

struct create_options {
    struct cli_operator op;
    const char *user;
    const char *label;
    const char *secret_file;
    long long expires_s; /* 0: not given */
    int is_sandbox;
};

static const struct argp_option create_table[] = {
    {"user", OPTION_USER, "NAME|ID", 0,
        "the user of the key; a new name makes a new user (default: "
        "\"default\")",
        0},
    {"label", OPTION_LABEL, "TEXT", 0, "a name for the key", 0},
    {"secret-file", OPTION_SECRET_FILE, "FILE", 0,
        "read the key from a file (\"-\": standard input) instead of making "
        "one",
        0},
    {"expires", OPTION_EXPIRES, "TIME", 0,
        "it must be bound to a device within this time, such as 90s, 1h or 7d "
        "(default: 4h, with --sandbox 1h)",
        0},
    {"sandbox", OPTION_SANDBOX, NULL, 0,
        "begin it with \"" TRIVET_SANDBOX_KEY_PREFIX "\"", 0},
    {0},
};

static error_t
parse_create(int key, char *arg, struct argp_state *state)
{
    struct create_options *options = state->input;

    switch (key) {
    case OPTION_USER:
        options->user = arg;
        return 0;
    case OPTION_LABEL:
        options->label = arg;
        return 0;
    case OPTION_SECRET_FILE:
        options->secret_file = arg;
        return 0;
    case OPTION_SANDBOX:
        options->is_sandbox = 1;
        return 0;
    case OPTION_EXPIRES:
        options->expires_s = cli_span_read(
            arg, 1, TRIVET_MAX_KEY_LIFETIME_S, "--expires", state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* One line; its line end is cut. One byte too many is left for the call to
 * refuse. */
static void
read_line(FILE *from, char out[TRIVET_MAX_API_KEY + 1])
{
    size_t len = fread(out, 1, TRIVET_MAX_API_KEY, from);

    while (len > 0 && (out[len - 1] == '\n' || out[len - 1] == '\r')) {
        len--;
    }
    out[len] = '\0';
}

/* Puts the secret of the file, if one was named, into what is given. */
static enum trivet_status
give_secret(const struct create_options *options, json_t **given,
    struct trivet_error *err)
{
    char secret[TRIVET_MAX_API_KEY + 1];
    bool is_input;
    FILE *from;

    if (options->secret_file == NULL) {
        return TRIVET_OK;
    }

    is_input = strcmp(options->secret_file, "-") == 0;
    from = is_input ? stdin : fopen(options->secret_file, "re");
    if (from == NULL) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "key.create",
            "%s: cannot be read", options->secret_file);
    }

    read_line(from, secret);
    if (!is_input) {
        (void) fclose(from);
    }
    trivet_json_put(given, "secret", json_string_nocheck(secret));
    trivet_wipe(secret, sizeof secret);

    return TRIVET_OK;
}

/* Before it is there for others: a secret that was made is shown, this once.
 */
static enum trivet_status
show_created(void *user, const json_t *row, struct trivet_error *err)
{
    const struct create_options *options = user;
    const char *secret = json_string_value(json_object_get(row, "secret"));

    if (options->op.as_json) {
        json_t *shown = json_copy((json_t *) (uintptr_t) row);

        if (secret == NULL) {
            (void) json_object_del(shown, "secret");
        }
        cli_json_print(shown);
    } else if (secret != NULL) {
        (void) puts(secret);
    }

    if (!cli_output_is_whole()) {
        return trivet_error_set(err, TRIVET_E_INTERNAL, "key.create",
            "the secret could not be printed: no key was made");
    }

    return TRIVET_OK;
}

static long long
number_of(const json_t *row, const char *name)
{
    return json_integer_value(json_object_get(row, name));
}

static void
tell_created(const json_t *row)
{
    char span[CLI_SPAN_TEXT_SIZE];

    cli_span_format(number_of(row, "expires_in"), span);
    cli_tell(
        "API key %lld of user %lld (%s), to be bound to a device within %s\n",
        number_of(row, "id"), number_of(row, "user_id"),
        json_string_value(json_object_get(row, "user")), span);
}

static json_t *
describe(const struct create_options *options)
{
    json_t *given = json_pack("{s:o, s:o, s:b}", "user",
        json_string_nocheck(options->user), "label",
        json_string_nocheck(options->label), "is_sandbox", options->is_sandbox);

    if (options->expires_s != 0) {
        trivet_json_put(&given, "expires_in", json_integer(options->expires_s));
    }

    return given;
}

static enum trivet_status
create(void *input, struct trivet_error *err)
{
    struct create_options *options = input;
    struct cli_operation operation = {
        .data = &options->op.data,
        .store = options->op.store,
        .show = show_created,
        .user = options,
    };
    json_t *given = describe(options);
    json_t *rows = NULL;
    enum trivet_status status = give_secret(options, &given, err);

    if (status != TRIVET_OK) {
        json_decref(given);
        return status;
    }

    cli_output_wait(); /* others wait for the store while we write */
    status = cli_operation_run(&operation, "key.create", given, &rows, err);

    if (operation.is_lost) {
        (void) cli_usage(
            "no key was made: the secret that was printed is not valid");
    }
    if (status == TRIVET_OK && !options->op.as_json) {
        tell_created(json_array_get(rows, 0));
    }

    trivet_json_wipe(rows);
    json_decref(rows);
    return status;
}

static int
run_create(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_MIGRATE, create);
}

static const struct create_options create_defaults = {
    .user = "default",
    .label = "",
};

static const struct cli_command create_command = {
    .name = "create",
    .summary = "make an API key",
    .doc =
        "Makes an API key and prints its secret, which cannot be shown again.",
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
    {"user_id", "USER", CLI_CELL_VALUE},
    {"user", "NAME", CLI_CELL_VALUE},
    {"label", "LABEL", CLI_CELL_VALUE},
    {"status", "STATUS", CLI_CELL_VALUE},
    {"permitted", "PERMITTED", CLI_CELL_VALUE},
    {"created", "CREATED", CLI_CELL_MOMENT},
    {"expires", NULL, CLI_CELL_VALUE},
    {"allow_all_ips", NULL, CLI_CELL_VALUE},
    {"permitted_ips", NULL, CLI_CELL_VALUE},
};

/* "*", "1.2.3.4" or "1.2.3.4 +2" */
static json_t *
summarise(const json_t *row, const json_t *addresses)
{
    size_t num = json_array_size(addresses);

    if (json_is_true(json_object_get(row, "allow_all_ips"))) {
        return json_string("*");
    }
    if (num == 0) {
        return json_string("-");
    }
    if (num == 1) {
        return json_incref(json_array_get(addresses, 0));
    }

    return json_sprintf(
        "%s +%zu", json_string_value(json_array_get(addresses, 0)), num - 1);
}

static enum trivet_status
list(void *input, struct trivet_error *err)
{
    struct cli_operator *op = input;
    json_t *rows;
    enum trivet_status status =
        cli_operator_call(op, "key.list", json_object(), &rows, err);
    size_t i;
    json_t *row;

    json_array_foreach(rows, i, row)
    {
        (void) json_object_set_new(row, "permitted",
            summarise(row, json_object_get(row, "permitted_ips")));
    }

    return cli_operator_show(
        op, columns, sizeof columns / sizeof columns[0], rows, status);
}

static int
run_list(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, list);
}

static const struct cli_command list_command = {
    .name = "list",
    .summary = "list the API keys",
    .doc = "Lists the API keys. Their secrets are not stored.",
    .shared = cli_operator_shared,
    .input_size = sizeof(struct cli_operator),
    .run = run_list,
};

/* ---- revoke, allow-all-ips --------------------------------------------- */

static enum trivet_status
revoke(void *input, struct trivet_error *err)
{
    return cli_operator_do(input, "key.revoke", json_object(),
        "revoked, and its sessions with it", err);
}

static int
run_revoke(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, revoke);
}

static const struct cli_command revoke_command = {
    .name = "revoke",
    .summary = "revoke an API key and end its sessions",
    .doc = "Revokes an API key for ever; its sessions end at once.",
    .arguments = {"ID", 1, 1, offsetof(struct cli_operator, words), NULL},
    .shared = cli_operator_shared,
    .input_size = sizeof(struct cli_operator),
    .run = run_revoke,
};

static enum trivet_status
allow_all_ips(void *input, struct trivet_error *err)
{
    struct cli_operator *op = input;
    const char *sentence = "the key may be used from its permitted addresses";
    bool is_on = strcmp(op->words.at[1], "on") == 0;

    if (!is_on && strcmp(op->words.at[1], "off") != 0) {
        return trivet_error_set(err, TRIVET_E_USAGE, "key.allow_all_ips",
            "%s: neither \"on\" nor \"off\"", op->words.at[1]);
    }
    if (is_on) {
        sentence = "the key may be used from any address";
    }

    return cli_operator_do(op, "key.allow-all-ips",
        json_pack("{s:b}", "allow_all_ips", is_on), sentence, err);
}

static int
run_allow_all_ips(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, allow_all_ips);
}

static const struct cli_command allow_all_ips_command = {
    .name = "allow-all-ips",
    .summary = "permit all addresses, or not",
    .doc =
        "Permits all addresses, or only the key's permitted addresses again.",
    .arguments = {"ID on|off", 2, 2, offsetof(struct cli_operator, words),
        NULL},
    .shared = cli_operator_shared,
    .input_size = sizeof(struct cli_operator),
    .run = run_allow_all_ips,
};

static const struct cli_command *const children[] = {
    &create_command,
    &list_command,
    &revoke_command,
    &allow_all_ips_command,
    NULL,
};

const struct cli_command cli_key_command = {
    .name = "key",
    .summary = "API keys: create, list, revoke, allow-all-ips",
    .children = children,
};
