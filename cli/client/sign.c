/* SPDX-License-Identifier: Apache-2.0 */
/* sign.c - trivet sign: the signature of some bytes */
#include <string.h>

#include "cli/client/context.h"
#include "cli/client/input.h"
#include "cli/client/options.h"
#include "cli/commands.h"
#include "core/field_names.h"
#include "crypto/signature.h"

struct sign {
    struct cli_client client;
    const char *key;        /* NULL: the context's */
    struct cli_words words; /* the file */
};

static const struct argp_option options[] = {
    {"key", 'k', "FILE", 0, "sign with this private key, not the context's", 0},
    {0},
};

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    struct sign *sign = state->input;

    switch (key) {
    case 'k':
        sign->key = argument;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }

    return 0;
}

static const struct cli_shared_options shared[] = {
    {&cli_client_argp, offsetof(struct sign, client)}, {0}};

static enum trivet_status
sign_with_file(const struct sign *sign, struct trivet_slice bytes,
    char out[TRIVET_SIGNATURE_SIZE], struct trivet_error *err)
{
    unsigned char digest[TRIVET_DIGEST_LEN];
    struct trivet_private_key *key;
    struct trivet_signer *signer;
    enum trivet_status status;

    TRIVET_TRY(trivet_private_key_load(sign->key, &key, err));
    status = trivet_signer_new(key, &signer, err);
    trivet_private_key_free(key);
    if (status != TRIVET_OK) {
        return status;
    }

    if (trivet_sha256(bytes, digest) != TRIVET_OK
        || trivet_signer_sign(signer, digest, out) != TRIVET_OK)
    {
        status = trivet_error_set(err, TRIVET_E_CRYPTO, "sign", "cannot sign");
    }
    out[TRIVET_SIGNATURE_TEXT_LEN] = '\0';
    trivet_signer_free(signer);

    return status;
}

static int
sign_with_context(struct sign *sign, struct trivet_slice bytes,
    char out[TRIVET_SIGNATURE_SIZE])
{
    struct trivet_context *context;
    struct trivet_error err;
    int number = cli_client_open(&sign->client, TRIVET_OPEN_OFFLINE, &context);

    if (number != CLI_OK) {
        return number;
    }
    if (trivet_context_sign(context, bytes.data, bytes.len, out, &err)
        != TRIVET_OK) {
        number = cli_fail(&err);
    }

    trivet_context_close(context);
    return number;
}

static int
run(void *input)
{
    struct sign *sign = input;
    struct trivet_buffer text = {0};
    char signature[TRIVET_SIGNATURE_SIZE];
    struct trivet_slice bytes;
    struct trivet_error err;
    int number =
        cli_read_body(sign->words.num == 0 ? "-" : sign->words.at[0], &text);

    if (number != CLI_OK) {
        return number;
    }

    bytes = trivet_buffer_slice(&text);
    if (sign->key == NULL) {
        number = sign_with_context(sign, bytes, signature);
    } else if (sign_with_file(sign, bytes, signature, &err) != TRIVET_OK) {
        number = cli_fail(&err);
    }
    if (number == CLI_OK) {
        (void) puts(signature);
    }

    trivet_buffer_free(&text);
    return number;
}

const struct cli_command cli_sign_command = {
    .name = "sign",
    .summary = "sign bytes",
    .doc = "Print the signature of FILE's exact bytes (- or nothing: standard "
           "input), as it stands in " TRIVET_FIELD_CLIENT_SIGNATURE ".",
    .arguments = {"[FILE]", 0, 1, offsetof(struct sign, words), NULL},
    .options = options,
    .shared = shared,
    .parse = parse,
    .input_size = sizeof(struct sign),
    .run = run,
};
