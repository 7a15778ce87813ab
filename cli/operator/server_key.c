/* SPDX-License-Identifier: Apache-2.0 */
/* server_key.c - trivet server-key: the keys that answers are signed with */
#include <stdio.h>
#include <unistd.h>

#include "cli/clock.h"
#include "authority/operator/server_key.h"
#include "cli/operator/common.h"
#include "cli/server_keys.h"
#include "cli/output.h"
#include "cli/serving.h"
#include "cli/table.h"
#include "cli/text.h"
#include "store/noun/server_key.h"
#include "store/store.h"

enum {
    OPTION_FILE = 0x300,
    OPTION_URI,
    OPTION_FORCE,
    MAX_SENTENCE = 512,
    MAX_FILE_NAME = 64
};

/* ---- what all need ----------------------------------------------------- */

/* What became of a change, as JSON has it. */
static const char RELOADED[] = "reloaded";
static const char NOT_RUNNING[] = "not running";
static const char NONE_KNOWN[] = "none known";

/* Nobody else changes the keys of that data directory meanwhile. */
static enum trivet_status
begin_change(const struct cli_server_keys_home *home, struct trivet_error *err)
{
    return home->dir == NULL ? TRIVET_OK : cli_serving_change(home->dir, err);
}

/* Has a gateway that runs take in what was changed. out: what happened. */
static enum trivet_status
tell_gateway(const struct cli_server_keys_home *home, const char **out,
    struct trivet_error *err)
{
    bool is_running;
    enum trivet_status status;

    *out = NONE_KNOWN;
    if (home->dir == NULL) {
        return TRIVET_OK;
    }

    status = cli_serving_reload(home->dir, &is_running, err);
    *out = is_running ? RELOADED : NOT_RUNNING;
    return status;
}

static const char *
gateway_sentence(const char *outcome)
{
    if (outcome == RELOADED) {
        return "the gateway has reloaded: it holds now";
    }

    return outcome == NOT_RUNNING ? "no gateway runs on this data directory: "
                                    "it holds from its next start"
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

/* A new key in the first file server-N.pem that is not there. */
static enum trivet_status
make_key(const struct cli_server_keys_home *home, char out[CLI_MAX_PATH],
    struct trivet_error *err)
{
    char name[MAX_FILE_NAME];
    int number = 2;

    do {
        (void) snprintf(name, sizeof name, "server-%d.pem", number++);
        TRIVET_TRY(cli_data_path(home->dir, name, out, err));
    } while (access(out, F_OK) == 0);

    return cli_server_key_make(out, err);
}

static enum trivet_status
get_key(const struct cli_server_keys_home *home,
    const struct rotate_options *options, char out[CLI_MAX_PATH],
    struct trivet_error *err)
{
    if (options->uri != NULL) {
        return cli_server_key_given(options->uri, out, err);
    }
    if (options->file != NULL) {
        char path[CLI_MAX_PATH];
        bool is_uri = trivet_private_key_is_uri(options->file);

        /* "a:b" is a file here. */
        (void) snprintf(path, sizeof path, "%s%s", cli_text_if(is_uri, "./"),
            options->file);
        return cli_server_key_given(path, out, err);
    }

    return make_key(home, out, err);
}

/* A key that is made lies in a data directory, whose gateway gives it out. An
 * nginx that is configured by hand would know nothing of it. */
static enum trivet_status
check_place(const struct cli_server_keys_home *home,
    const struct rotate_options *options, struct trivet_error *err)
{
    if (home->dir != NULL || options->file != NULL || options->uri != NULL) {
        return TRIVET_OK;
    }

    return trivet_error_set(err, TRIVET_E_USAGE, "server_key.rotate",
        "no gateway's data directory is known for this store, so a new key "
        "has no place: give --data DIR, where \"trivet serve\" uses it; or, "
        "for "
        "an nginx of your own, --file FILE or --uri URI, the key that its "
        "trivet_server_key names");
}

/* In one transaction: the key becomes the current one. */
static enum trivet_status
put_key(struct cli_operator *op, const struct cli_server_keys_home *home,
    const char *location, int64_t *out_id, struct trivet_error *err)
{
    static struct cli_server_keys keys; /* large */
    enum trivet_status status;

    TRIVET_TRY(trivet_store_begin(op->store, err));

    status = cli_server_key_adopt(home, op->store, location, out_id, err);
    if (status == TRIVET_OK) {
        /* Not more of them than a gateway takes. */
        status = cli_server_keys_list(home, op->store, &keys, err);
    }
    if (status == TRIVET_OK) {
        status = trivet_store_commit(op->store, err);
    }
    if (status != TRIVET_OK) {
        trivet_store_rollback(op->store);
    }

    return status;
}

static void
tell_rotated(const struct cli_operator *op, int64_t id, const char *location,
    const struct trivet_server_key_row *old, const char *outcome)
{
    if (op->as_json) {
        cli_json_print(json_pack("{s:I, s:s, s:s}", "id", (json_int_t) id,
            "where", location, "gateway", outcome));
        return;
    }

    cli_tell("key %lld (%s) is given to new installations", (long long) id,
        location);
    if (old->id != 0 && old->id != id) {
        cli_tell("; key %lld goes on serving the %lld that were given it",
            (long long) old->id, (long long) old->num_installations);
    }
    if (outcome == NONE_KNOWN) {
        cli_tell("\nit holds once nginx is told: name it first, in "
                 "trivet_server_key \"%s\", and reload nginx\n",
            location);
    } else {
        cli_tell("\n%s\n", gateway_sentence(outcome));
    }
    cli_print("%lld\n", (long long) id);
}

static enum trivet_status
rotate(void *input, struct trivet_error *err)
{
    struct rotate_options *options = input;
    struct cli_operator *op = &options->op;
    struct trivet_server_key_row old = {.id = 0};
    struct cli_server_keys_home home;
    char dir[CLI_MAX_PATH];
    char location[CLI_MAX_PATH];
    enum trivet_status status;
    const char *outcome;
    int64_t id;

    TRIVET_TRY(cli_server_keys_find_home(&op->data, dir, &home, err));
    TRIVET_TRY(check_place(&home, options, err));
    TRIVET_TRY(begin_change(&home, err));
    TRIVET_TRY(
        trivet_operator_current_server_key(op->store, cli_now_us(), &old, err));

    TRIVET_TRY(get_key(&home, options, location, err));

    status = put_key(op, &home, location, &id, err);
    if (status == TRIVET_OK) {
        status = tell_gateway(&home, &outcome, err);
        if (status != TRIVET_OK) {
            trivet_operator_undo_rotation(op->store, id, old.id, cli_now_us());
        }
    }
    if (status != TRIVET_OK) {
        if (options->file == NULL && options->uri == NULL) {
            (void) unlink(location);
        }
        return status;
    }

    tell_rotated(op, id, location, &old, outcome);
    return TRIVET_OK;
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

static const char *
status_of(const struct trivet_server_key_row *row)
{
    if (row->retired_us != 0) {
        return "RETIRED";
    }
    if (row->is_current) {
        return "CURRENT";
    }

    return row->location[0] == '\0' ? "ELSEWHERE" : "SERVING";
}

static void
add_key(void *rows, const struct trivet_server_key_row *row)
{
    (void) json_array_append_new(
        rows, json_pack("{s:I, s:s, s:s, s:I, s:I, s:o, s:o}", "id",
                  (json_int_t) row->id, "status", status_of(row), "where",
                  cli_text_or(row->location, "-"), "installations",
                  (json_int_t) row->num_installations, "alive",
                  (json_int_t) row->num_alive, "created",
                  cli_json_time(row->created_us), "retired",
                  cli_json_time(row->retired_us)));
}

static enum trivet_status
list(void *input, struct trivet_error *err)
{
    struct cli_operator *op = input;
    json_t *rows = json_array();
    enum trivet_status status = trivet_store_server_key_list(
        op->store, cli_now_us(), add_key, rows, err);

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

/* value, which it takes over; null where there is no device-server yet. */
static json_t *
of_device(const struct trivet_server_key_use *row, json_t *value)
{
    if (row->device_id != 0) {
        return value;
    }

    json_decref(value);
    return json_null();
}

static void
add_use(void *rows, const struct trivet_server_key_use *row)
{
    char address[TRIVET_MAX_ADDRESS_TEXT];

    trivet_address_format(&row->address, address);
    (void) json_array_append_new(
        rows, json_pack("{s:I, s:o, s:o, s:o, s:o, s:I, s:s, s:o}",
                  "installation_id", (json_int_t) row->installation_id,
                  "user_id", of_device(row, json_integer(row->user_id)), "user",
                  of_device(row, cli_json_text(row->user_name)), "device_id",
                  cli_json_id(row->device_id), "description",
                  of_device(row, cli_json_text(row->description)), "sessions",
                  (json_int_t) row->num_sessions, "ip", address, "installed",
                  cli_json_time(row->installed_us)));
}

/* Prints which installations would be refused; TRIVET_E_CONFLICT when there are
 * any. */
static enum trivet_status
check_uses(struct cli_operator *op, int64_t id, struct trivet_error *err)
{
    json_t *rows = json_array();
    enum trivet_status status = trivet_operator_check_retirement(
        op->store, id, cli_now_us(), add_use, rows, err);

    if (status != TRIVET_OK || json_array_size(rows) == 0) {
        json_decref(rows);
        return status;
    }

    cli_table_print(use_columns, sizeof use_columns / sizeof use_columns[0],
        rows, op->as_json);
    return trivet_error_set(err, TRIVET_E_CONFLICT, "server_key.retire",
        "these were given key %lld and would be refused; --force does it all "
        "the same",
        (long long) id);
}

static enum trivet_status
retire(void *input, struct trivet_error *err)
{
    struct retire_options *options = input;
    struct cli_operator *op = &options->op;
    char sentence[MAX_SENTENCE];
    char dir[CLI_MAX_PATH];
    struct cli_server_keys_home home;
    const char *outcome;
    int64_t id;

    TRIVET_TRY(cli_operator_id(op, 0, &id, err));
    TRIVET_TRY(cli_server_keys_find_home(&op->data, dir, &home, err));
    TRIVET_TRY(begin_change(&home, err));
    if (!options->is_forced) {
        TRIVET_TRY(check_uses(op, id, err));
    }

    TRIVET_TRY(
        trivet_operator_retire_server_key(op->store, id, cli_now_us(), err));
    TRIVET_TRY(tell_gateway(&home, &outcome, err));

    (void) snprintf(sentence, sizeof sentence,
        "retired: installations that were given it are refused%s%s",
        cli_text_if(outcome != NONE_KNOWN, "\n"), gateway_sentence(outcome));
    cli_operator_done(op, id, sentence);
    return TRIVET_OK;
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
