/* SPDX-License-Identifier: Apache-2.0 */
/* keygen.c - trivet keygen: a key pair for whoever wants one */
#include "base/file.h"
#include "base/secret.h"
#include "cli/commands.h"
#include "crypto/key.h"

enum { MAX_KEY_PEM = 4096 };

struct keygen {
    struct cli_words words; /* the file */
    const char *public_of;
};

static const struct argp_option options[] = {
    {"public", 'p', "FILE", 0, "print the public half of this private key", 0},
    {0},
};

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    struct keygen *keygen = state->input;

    switch (key) {
    case 'p':
        keygen->public_of = argument;
        break;
    case ARGP_KEY_END:
        if ((keygen->words.num == 0) == (keygen->public_of == NULL)) {
            argp_error(state, "a file to write, or --public, is needed");
        }
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }

    return 0;
}

static int
write_key(const char *file, const char *pem)
{
    struct trivet_error err;
    enum trivet_status status =
        trivet_file_create_whole(file, trivet_slice_text(pem), 0600, &err);

    if (status == TRIVET_OK) {
        return CLI_OK;
    }
    if (status == TRIVET_E_CONFLICT) {
        return cli_complain(CLI_CONFLICT, "%s", err.detail);
    }

    return cli_complain(CLI_USAGE, "%s", err.detail);
}

static int
print_public(const struct trivet_private_key *key)
{
    char pem[MAX_KEY_PEM];

    if (trivet_private_key_public_pem(key, pem, sizeof pem) != TRIVET_OK) {
        return cli_complain(CLI_FAILURE, "cannot write the key");
    }

    (void) fputs(pem, stdout);
    return CLI_OK;
}

static int
make(const char *file, struct trivet_private_key *key)
{
    char pem[MAX_KEY_PEM];
    int number;

    if (trivet_private_key_to_pem(key, pem, sizeof pem) != TRIVET_OK) {
        return cli_complain(CLI_FAILURE, "cannot write the key");
    }

    number = write_key(file, pem);
    trivet_wipe(pem, sizeof pem);
    return number == CLI_OK ? print_public(key) : number;
}

static int
print_public_of(const char *file)
{
    struct trivet_private_key *key;
    struct trivet_error err;
    int number;

    if (trivet_private_key_load(file, &key, &err) != TRIVET_OK) {
        return cli_fail(&err);
    }

    number = print_public(key);
    trivet_private_key_free(key);
    return number;
}

static int
run(void *input)
{
    const struct keygen *keygen = input;
    struct trivet_private_key *key;
    struct trivet_error err;
    int number;

    if (keygen->public_of != NULL) {
        return print_public_of(keygen->public_of);
    }
    if (trivet_private_key_generate(&key, &err) != TRIVET_OK) {
        return cli_fail(&err);
    }

    number = make(keygen->words.at[0], key);
    trivet_private_key_free(key);
    return number;
}

const struct cli_command cli_keygen_command = {
    .name = "keygen",
    .summary = "make a key pair",
    .doc = "Make an RSA key of 2048 bits: the private key (PKCS#8) goes to "
           "FILE, which must not exist, the public one to standard output.",
    .arguments = {"FILE", 0, 1, offsetof(struct keygen, words), NULL},
    .options = options,
    .parse = parse,
    .input_size = sizeof(struct keygen),
    .run = run,
};
