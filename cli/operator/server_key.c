/* SPDX-License-Identifier: Apache-2.0 */
/* server_key.c - trivet server-key: the keys that answers are signed with */
#include <stdio.h>
#include <string.h>

#include "cli/operator/common.h"
#include "cli/output.h"
#include "cli/server_keys.h"
#include "cli/table.h"
#include "cli/text.h"
#include "core/json_tree.h"
#include "store/store.h"

enum { OPTION_FILE = 0x300, OPTION_URI, OPTION_FORCE, MAX_SENTENCE = 512 };

/* ---- what all need ----------------------------------------------------- */

/* What became of the gateway, in a sentence; "": none is known. */
static const char *
gateway_sentence(const json_t *row)
{
    const char *gateway = json_string_value(json_object_get(row, "gateway"));

    if (strcmp(gateway, "reloaded") == 0) {
        return "the gateway has reloaded: it holds now";
    }

    return strcmp(gateway, "not running") == 0
               ? "no gateway runs on this data directory: it holds from its "
                 "next start"
               : "";
}

/* ---- rotate ------------------------------------------------------------ */

struct rotate_options {
    struct cli_operator op;
    const char *file;
    const char *uri;
};

static const struct argp_option rotate_table[] = {
    {"file", OPTION_FILE, "FILE", 0,
        "a key file (PEM, RSA of 2048 bits, mode 0600) instead of a new one",
        0},
    {"uri", OPTION_URI, "URI", 0, "a key in hardware, such as pkcs11:...", 0},
    {0},
};

static error_t
parse_rotate(int key, char *arg, struct argp_state *state)
{
    struct rotate_options *options = state->input;

    switch (key) {
    case OPTION_FILE:
        options->file = arg;
        return 0;
    case OPTION_URI:
        options->uri = arg;
        return 0;
    case ARGP_KEY_END:
        if (options->file != NULL && options->uri != NULL) {
            argp_error(state, "--file and --uri exclude each other");
        }
        if (options->uri != NULL && !trivet_private_key_is_uri(options->uri)) {
            argp_error(state, "--uri %s: not a URI", options->uri);
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The place of a key that was given, as the call takes it. */
static enum trivet_status
take_location(const struct rotate_options *options, json_t **given,
    struct trivet_error *err)
{
    const char *text = options->uri == NULL ? options->file : options->uri;
    char path[CLI_MAX_PATH];
    char location[CLI_MAX_PATH];
    bool is_uri;

    if (text == NULL) {
        return TRIVET_OK;
    }

    /* "a:b" is a file there. */
    is_uri = options->uri == NULL && trivet_private_key_is_uri(text);
    (void) snprintf(path, sizeof path, "%s%s", cli_text_if(is_uri, "./"), text);
    TRIVET_TRY(cli_server_key_given(path, location, err));

    trivet_json_put(given, "location", json_string_nocheck(location));
    return TRIVET_OK;
}

static long long
number_of(const json_t *row, const char *name)
{
    return json_integer_value(json_object_get(row, name));
}

static void
tell_rotated(const struct cli_operator *op, const json_t *row)
{
    const char *where = json_string_value(json_object_get(row, "where"));
    const char *sentence = gateway_sentence(row);
    long long old = number_of(row, "old_id");
    long long id = number_of(row, "id");

    if (op->as_json) {
        cli_json_print(json_pack("{s:I, s:s, s:O}", "id", (json_int_t) id,
            "where", where, "gateway", json_object_get(row, "gateway")));
        return;
    }

    cli_tell("key %lld (%s) is given to new installations", id, where);
    if (old != 0 && old != id) {
        cli_tell("; key %lld goes on serving the %lld that were given it", old,
            number_of(row, "old_installations"));
    }
    if (sentence[0] == '\0') {
        cli_tell("\nit holds once nginx is told: name it first, in "
                 "trivet_server_key \"%s\", and reload nginx\n",
            where);
    } else {
        cli_tell("\n%s\n", sentence);
    }
    cli_print("%lld\n", id);
}

static enum trivet_status
rotate(void *input, struct trivet_error *err)
{
    struct rotate_options *options = input;
    struct cli_operator *op = &options->op;
    json_t *given = json_object();
    json_t *rows = NULL;
    enum trivet_status status = take_location(options, &given, err);

    if (status != TRIVET_OK) {
        json_decref(given);
        return status;
    }

    if (options->uri == NULL && options->file == NULL) {
        cli_tell("making the server's RSA key\n");
    }
    status = cli_operator_call(op, "server-key.rotate", given, &rows, err);
    if (status == TRIVET_OK) {
        tell_rotated(op, json_array_get(rows, 0));
    }

    json_decref(rows);
    return status;
}

static int
run_rotate(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, rotate);
}

static const struct cli_command rotate_command = {
    .name = "rotate",
    .summary = "give a new key to new installations",
    .doc = "Gives a new key to new installations, and prints its id. Each "
           "installation goes on with the key that it was given.",
    .options = rotate_table,
    .shared = cli_operator_shared,
    .parse = parse_rotate,
    .input_size = sizeof(struct rotate_options),
    .run = run_rotate,
};

/* ---- list -------------------------------------------------------------- */

static const struct cli_column columns[] = {
    {"id", "ID", CLI_CELL_VALUE},
    {"status", "STATUS", CLI_CELL_VALUE},
    {"installations", "INSTALLATIONS", CLI_CELL_VALUE},
    {"alive", "ALIVE", CLI_CELL_VALUE},
    {"created", "CREATED", CLI_CELL_MOMENT},
    {"where", "WHERE", CLI_CELL_VALUE},
    {"retired", NULL, CLI_CELL_VALUE},
};

static enum trivet_status
list(void *input, struct trivet_error *err)
{
    return cli_operator_list(input, "server-key.list", columns,
        sizeof columns / sizeof columns[0], err);
}

static int
run_list(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, list);
}

static const struct cli_command list_command = {
    .name = "list",
    .summary = "list the keys, and how many use them",
    .doc = "Lists the keys, with how many installations were given each, "
           "and how many of these have a session that may be used.",
    .shared = cli_operator_shared,
    .input_size = sizeof(struct cli_operator),
    .run = run_list,
};

/* ---- retire ------------------------------------------------------------ */

struct retire_options {
    struct cli_operator op;
    int is_forced;
};

static const struct argp_option retire_table[] = {
    {"force", OPTION_FORCE, NULL, 0,
        "even when installations were given the key: they are refused from "
        "then on",
        0},
    {0},
};

static error_t
parse_retire(int key, char *arg, struct argp_state *state)
{
    struct retire_options *options = state->input;

    (void) arg;

    if (key != OPTION_FORCE) {
        return ARGP_ERR_UNKNOWN;
    }

    options->is_forced = 1;
    return 0;
}

static const struct cli_column use_columns[] = {
    {"installation_id", "INSTALLATION", CLI_CELL_VALUE},
    {"user_id", "USER", CLI_CELL_VALUE},
    {"user", "NAME", CLI_CELL_VALUE},
    {"device_id", "DEVICE", CLI_CELL_VALUE},
    {"description", "DESCRIPTION", CLI_CELL_VALUE},
    {"sessions", "SESSIONS", CLI_CELL_VALUE},
    {"ip", "FROM", CLI_CELL_VALUE},
    {"installed", NULL, CLI_CELL_VALUE},
};

static enum trivet_status
retire(void *input, struct trivet_error *err)
{
    struct retire_options *options = input;
    struct cli_operator *op = &options->op;
    char sentence[MAX_SENTENCE];
    const char *gateway;
    enum trivet_status status;
    json_t *rows;
    int64_t id;

    TRIVET_TRY(cli_operator_id(op, 0, &id, err));
    status = cli_operator_call(op, "server-key.retire",
        json_pack("{s:I, s:b}", "id", (json_int_t) id, "is_forced",
            options->is_forced),
        &rows, err);

    if (status == TRIVET_E_CONFLICT && json_array_size(rows) > 0) {
        /* whom it would hurt */
        cli_table_print(use_columns, sizeof use_columns / sizeof use_columns[0],
            rows, op->as_json);
        return status;
    }
    if (status == TRIVET_OK) {
        gateway = gateway_sentence(json_array_get(rows, 0));
        (void) snprintf(sentence, sizeof sentence,
            "retired: installations that were given it are refused%s%s",
            cli_text_if(gateway[0] != '\0', "\n"), gateway);
        cli_operator_done(op, id, sentence);
    }

    json_decref(rows);
    return status;
}

static int
run_retire(void *input)
{
    return cli_operator_run(input, TRIVET_STORE_EXISTING, retire);
}

static const struct cli_command retire_command = {
    .name = "retire",
    .summary = "end the service of a key",
    .doc = "Ends the service of a key. When installations were given it, "
           "tells whom that would hurt and does nothing without --force.",
    .arguments = {"ID", 1, 1, offsetof(struct cli_operator, words), NULL},
    .options = retire_table,
    .shared = cli_operator_shared,
    .parse = parse_retire,
    .input_size = sizeof(struct retire_options),
    .run = run_retire,
};

static const struct cli_command *const children[] = {
    &rotate_command,
    &list_command,
    &retire_command,
    NULL,
};

const struct cli_command cli_server_key_command = {
    .name = "server-key",
    .summary = "the keys that answers are signed with: rotate, list, retire",
    .children = children,
};
