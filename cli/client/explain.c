/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.c - trivet verify: does a signature fit? trivet explain: why not?
 *
 * The two differ in how much they say.
 */
#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>

#include "cli/client/context.h"
#include "cli/client/input.h"
#include "cli/client/keys.h"
#include "cli/client/options.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "crypto/explain.h"

enum {
    OPTION_REQUEST = 0x200,
    OPTION_ANSWER,
    MAX_GIVEN_FIELDS = 32,
    MAX_GIVEN_SIGNATURE = 2048
};

struct explain {
    struct cli_client client;
    bool is_brief;          /* verify */
    struct cli_words words; /* the file */
    const char *key;
    const char *signature;
    const char *method; /* of --request */
    const char *target;
    unsigned status; /* of --answer  */
    bool is_of_request;
    struct trivet_field fields[MAX_GIVEN_FIELDS];
    size_t num_fields;
};

static const struct argp_option options[] = {
    {"signature", 's', "BASE64", 0, "the signature, or @FILE", 0},
    {"key", 'k', "FILE", 0,
        "the signer's key, PEM: public, private or certificate (else the "
        "context's)",
        0},
    {"request", OPTION_REQUEST, "METHOD PATH", OPTION_ARG_OPTIONAL,
        "the signature is a request's, by the client's key; METHOD PATH for "
        "the old scheme",
        0},
    {"answer", OPTION_ANSWER, "STATUS", OPTION_ARG_OPTIONAL,
        "the signature is an answer's, by the server's key (the default)", 0},
    {"header", 'H', "NAME: VALUE", 0,
        "a header of the message, for the old scheme; may be repeated", 0},
    {0},
};

static void
add_field(struct explain *explain, const char *text, struct argp_state *state)
{
    const char *colon = strchr(text, ':');

    if (colon == NULL || explain->num_fields == MAX_GIVEN_FIELDS) {
        argp_error(state, "-H needs NAME: VALUE, %d times at most",
            (int) MAX_GIVEN_FIELDS);
        return;
    }

    explain->fields[explain->num_fields++] =
        (struct trivet_field){trivet_slice_make(text, (size_t) (colon - text)),
            trivet_slice_trim(trivet_slice_text(colon + 1))};
}

static void
set_request(struct explain *explain, char *argument, struct argp_state *state)
{
    char *space = argument == NULL ? NULL : strchr(argument, ' ');

    explain->is_of_request = true;
    if (argument == NULL) {
        return;
    }
    if (space == NULL) {
        argp_error(state,
            "--request needs 'METHOD PATH', such as 'POST /v1/session-server'");
        return;
    }

    *space = '\0';
    explain->method = argument;
    explain->target = space + 1;
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    struct explain *explain = state->input;

    switch (key) {
    case 's':
        explain->signature = argument;
        break;
    case 'k':
        explain->key = argument;
        break;
    case 'H':
        add_field(explain, argument, state);
        break;
    case OPTION_REQUEST:
        set_request(explain, argument, state);
        break;
    case OPTION_ANSWER:
        explain->status =
            argument == NULL ? 0 : (unsigned) strtoul(argument, NULL, 10);
        break;
    case ARGP_KEY_END:
        if (explain->signature == NULL) {
            argp_error(state, "--signature is needed");
        }
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }

    return 0;
}

static const struct cli_shared_options shared[] = {
    {&cli_client_argp, offsetof(struct explain, client)}, {0}};

/* The key that should have signed, and the other side's. */
static int
find_keys(struct explain *explain, struct trivet_public_key *key,
    struct trivet_public_key *other)
{
    struct cli_keys keys = {.client = {.der_len = 0}};
    int number = CLI_OK;

    other->der_len = 0;
    if (explain->key != NULL) {
        return cli_key_of_file(explain->key, key);
    }

    number = cli_keys_of_context(&explain->client, &keys);
    if (number != CLI_OK) {
        return number;
    }

    *key = explain->is_of_request ? keys.client : keys.server;
    *other = explain->is_of_request ? keys.server : keys.client;
    return key->der_len > 0
               ? CLI_OK
               : cli_complain(CLI_NOT_LOGGED_IN,
                   "the context has no such key yet: log in, or give --key");
}

static int
read_signature(const char *given, struct trivet_buffer *out)
{
    if (given[0] == '@') {
        return cli_read_input(given + 1, out);
    }

    *out = trivet_buffer_make(strlen(given));
    if (trivet_buffer_append(out, trivet_slice_text(given)) != TRIVET_OK) {
        return cli_complain(CLI_FAILURE, "out of memory");
    }

    return CLI_OK;
}

static int
print(const struct explain *explain, const struct trivet_explanation *found)
{
    const struct trivet_mistake_row *row = trivet_mistake_row(found->mistake);
    bool fits = found->mistake == TRIVET_MISTAKE_NONE;

    if (explain->is_brief) {
        (void) puts(fits ? "fits" : "does not fit");
    } else if (found->hash == NULL) {
        cli_print("%s: %s\n", row->id, row->text);
    } else {
        cli_print("%s: %s: %s\n", row->id, row->text, found->hash);
    }

    return fits ? CLI_OK : CLI_UNTRUSTED;
}

static int
verify(const struct explain *explain, const struct trivet_buffer *body,
    const struct trivet_buffer *signature, const struct trivet_public_key *key,
    const struct trivet_public_key *other)
{
    struct trivet_explain_input input = {
        .message = {.body = trivet_buffer_slice(body),
            .status = explain->status,
            .fields = explain->fields,
            .num_fields = explain->num_fields},
        .signature = trivet_buffer_slice(signature),
        .key = key,
        .other_key = other->der_len > 0 ? other : NULL,
    };
    struct trivet_explanation found;
    struct trivet_error err;

    if (explain->method != NULL) {
        input.message.method = trivet_slice_text(explain->method);
        input.message.target = trivet_slice_text(explain->target);
    }
    if (trivet_explain(&input, &found, &err) != TRIVET_OK) {
        return cli_fail(&err);
    }

    return print(explain, &found);
}

static int
examine(struct explain *explain)
{
    struct trivet_buffer body = {0};
    struct trivet_buffer signature = {0};
    struct trivet_public_key key;
    struct trivet_public_key other;
    const char *name = explain->words.num == 0 ? "-" : explain->words.at[0];
    int number = find_keys(explain, &key, &other);

    if (number == CLI_OK) {
        number = read_signature(explain->signature, &signature);
    }
    if (number == CLI_OK) {
        number = cli_read_body(name, &body);
    }
    if (number == CLI_OK) {
        number = verify(explain, &body, &signature, &key, &other);
    }

    trivet_buffer_free(&body);
    trivet_buffer_free(&signature);
    return number;
}

static int
run_verify(void *input)
{
    struct explain *explain = input;

    explain->is_brief = true;

    return examine(explain);
}

static int
run_explain(void *input)
{
    return examine(input);
}

const struct cli_command cli_verify_command = {
    .name = "verify",
    .summary = "whether a signature is valid",
    .doc = "Tell whether a signature fits FILE's exact bytes (- or nothing: "
           "standard input)."
           "\vExit status: 0 when it fits, 6 when not.",
    .arguments = {"[FILE]", 0, 1, offsetof(struct explain, words), NULL},
    .options = options,
    .shared = shared,
    .parse = parse,
    .input_size = sizeof(struct explain),
    .run = run_verify,
};

const struct cli_command cli_explain_command = {
    .name = "explain",
    .summary = "why a signature is not valid",
    .doc = "Find out why a signature does not fit FILE's exact bytes (- or "
           "nothing: standard input)."
           "\vPrints a stable word and what to do. Exit status: 0 when the "
           "signature fits after all, 6 when not.",
    .arguments = {"[FILE]", 0, 1, offsetof(struct explain, words), NULL},
    .options = options,
    .shared = shared,
    .parse = parse,
    .input_size = sizeof(struct explain),
    .run = run_explain,
};
