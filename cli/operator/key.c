/* SPDX-License-Identifier: Apache-2.0 */
/* key.c - trivet key: the API keys of a store */
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/timestamp.h"
#include "cli/clock.h"
#include "authority/operator/api_key.h"
#include "cli/operator/common.h"
#include "cli/output.h"
#include "cli/span.h"
#include "cli/table.h"
#include "crypto/token.h"
#include "store/noun/api_key.h"
#include "store/noun/permitted_ip.h"
#include "store/store.h"

enum {
    OPTION_USER = 0x300,
    OPTION_LABEL,
    OPTION_SECRET_FILE,
    OPTION_EXPIRES,
    OPTION_SANDBOX,
    MIN_SECRET_LEN = 32 /* characters: kept as a plain digest, so no less */
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

/* One line of printable text; its line end is cut. */
static enum trivet_status
read_secret(FILE *from, struct trivet_secret *out, struct trivet_error *err)
{
    size_t len = fread(out->bytes, 1, sizeof out->bytes, from);

    while (len > 0
           && (out->bytes[len - 1] == '\n' || out->bytes[len - 1] == '\r')) {
        len--;
    }

    if (len < MIN_SECRET_LEN || len == sizeof out->bytes) {
        return trivet_error_set(err, TRIVET_E_USAGE, "key.create",
            "a key has %d to %d characters", MIN_SECRET_LEN,
            TRIVET_MAX_API_KEY - 1);
    }

    for (size_t i = 0; i < len; i++) {
        if (out->bytes[i] <= 0x20 || out->bytes[i] > 0x7e) {
            return trivet_error_set(err, TRIVET_E_USAGE, "key.create",
                "a key is one line of printable ASCII without blanks");
        }
    }

    out->bytes[len] = '\0';
    out->len = len;
    return TRIVET_OK;
}

static enum trivet_status
get_secret(const struct create_options *options, struct trivet_secret *out,
    struct trivet_error *err)
{
    enum trivet_status status;
    FILE *from;

    if (options->secret_file == NULL) {
        return options->is_sandbox ? trivet_token_make_sandbox_key(out)
                                   : trivet_token_make(out);
    }

    if (strcmp(options->secret_file, "-") == 0) {
        return read_secret(stdin, out, err);
    }

    from = fopen(options->secret_file, "re");
    if (from == NULL) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "key.create",
            "%s: cannot be read", options->secret_file);
    }

    status = read_secret(from, out, err);
    (void) fclose(from);

    return status;
}

/* What create needs while it shows the key. */
struct creation {
    const struct cli_operator *op;
    const struct create_options *options;
    const struct trivet_secret *secret;
};

/* A secret that was made here is shown, this once; one that was given is not.
 */
static enum trivet_status
show_created(void *data, const struct trivet_made_api_key *made,
    struct trivet_error *err)
{
    const struct creation *creation = data;
    const struct create_options *options = creation->options;
    const char *text = NULL;

    if (options->secret_file == NULL) {
        text = (const char *) creation->secret->bytes;
    }

    if (creation->op->as_json) {
        cli_json_print(json_pack("{s:I, s:I, s:o, s:s*, s:I}", "id",
            (json_int_t) made->id, "user_id", (json_int_t) made->user.id,
            "user", cli_json_text(made->user.display_name), "secret", text,
            "expires_in", (json_int_t) options->expires_s));
    } else if (text != NULL) {
        (void) puts(text);
    }

    if (!cli_output_is_whole()) {
        return trivet_error_set(err, TRIVET_E_INTERNAL, "key.create",
            "the secret could not be printed: no key was made");
    }

    return TRIVET_OK;
}

static void
tell_created(const struct create_options *options, int64_t id,
    const struct trivet_user *user)
{
    char span[CLI_SPAN_TEXT_SIZE];

    cli_span_format(options->expires_s, span);
    cli_tell(
        "API key %lld of user %lld (%s), to be bound to a device within %s\n",
        (long long) id, (long long) user->id, user->display_name, span);
}

static enum trivet_status
create(void *input, struct trivet_error *err)
{
    struct create_options *options = input;
    struct cli_operator *op = &options->op;
    struct trivet_secret secret;
    struct creation creation = {op, options, &secret};
    const struct trivet_api_key_wish wish = {
        .user = options->user,
        .label = options->label,
        .secret = &secret,
        .lifetime_s = options->expires_s,
    };
    struct trivet_made_api_key made;
    enum trivet_status status;
    bool is_lost;

    TRIVET_TRY(trivet_operator_check_label(options->label, err));
    TRIVET_TRY(get_secret(options, &secret, err));

    cli_output_wait(); /* others wait for the store while we write */
    status = trivet_operator_make_api_key(op->store, &wish, cli_now_us(),
        show_created, &creation, &made, &is_lost, err);
    trivet_secret_wipe(&secret);

    if (is_lost) {
        (void) cli_usage(
            "no key was made: the secret that was printed is not valid");
    }
    if (status == TRIVET_OK && !op->as_json) {
        tell_created(options, made.id, &made.user);
    }

    return status;
}

static int
run_create(void *input)
{
    struct create_options *options = input;

    if (options->expires_s == 0) {
        options->expires_s = options->is_sandbox
                                 ? TRIVET_SANDBOX_KEY_LIFETIME_S
                                 : TRIVET_DEFAULT_KEY_LIFETIME_S;
    }

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

static const char *
status_of(const struct trivet_api_key *row)
{
    if (row->revoked_us != 0) {
        return "REVOKED";
    }
    if (row->bound_us != 0) {
        return "ACTIVE";
    }

    return cli_now_us() < row->expires_us ? "PENDING_FIRST_USE" : "EXPIRED";
}

static void
add_key(void *rows, const struct trivet_api_key *row)
{
    int64_t expires_us = row->bound_us != 0 ? 0 : row->expires_us;

    (void) json_array_append_new(rows,
        json_pack("{s:I, s:I, s:o, s:o, s:s, s:o, s:o, s:b}", "id",
            (json_int_t) row->id, "user_id", (json_int_t) row->user_id, "user",
            cli_json_text(row->user_name), "label", cli_json_text(row->label),
            "status", status_of(row), "created", cli_json_time(row->created_us),
            "expires", cli_json_time(expires_us), "allow_all_ips",
            row->allows_all_ips));
}

static void
add_address(void *addresses, const struct trivet_permitted_ip *ip)
{
    char text[TRIVET_MAX_ADDRESS_TEXT];

    trivet_address_format(&ip->address, text);
    (void) json_array_append_new(addresses, json_string(text));
}

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
    json_t *rows = json_array();
    enum trivet_status status =
        trivet_store_api_key_list(op->store, add_key, rows, err);
    size_t i;
    json_t *row;

    json_array_foreach(rows, i, row)
    {
        json_t *addresses = json_array();

        if (status == TRIVET_OK) {
            status = trivet_store_permitted_ip_list(op->store,
                json_integer_value(json_object_get(row, "id")), add_address,
                addresses, err);
        }

        (void) json_object_set_new(row, "permitted", summarise(row, addresses));
        (void) json_object_set_new(row, "permitted_ips", addresses);
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
    struct cli_operator *op = input;
    int64_t id;

    TRIVET_TRY(cli_operator_id(op, 0, &id, err));
    TRIVET_TRY(
        trivet_operator_revoke_api_key(op->store, id, cli_now_us(), err));

    cli_operator_done(op, id, "revoked, and its sessions with it");
    return TRIVET_OK;
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
    int64_t id;

    if (!is_on && strcmp(op->words.at[1], "off") != 0) {
        return trivet_error_set(err, TRIVET_E_USAGE, "key.allow_all_ips",
            "%s: neither \"on\" nor \"off\"", op->words.at[1]);
    }

    TRIVET_TRY(cli_operator_id(op, 0, &id, err));
    TRIVET_TRY(
        trivet_operator_allow_all_ips(op->store, id, is_on, cli_now_us(), err));

    if (is_on) {
        sentence = "the key may be used from any address";
    }
    cli_operator_done(op, id, sentence);
    return TRIVET_OK;
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
