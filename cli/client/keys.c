/* SPDX-License-Identifier: Apache-2.0 */
/* keys.c - the public keys that sign, verify and explain work with */
#include "cli/client/keys.h"

#include <stdlib.h>

#include "cli/client/input.h"
#include "cli/exit.h"
#include "client/record.h"
#include "client/secret_file.h"
#include "crypto/examine.h"

static void
read_keys(const struct trivet_record *record, struct cli_keys *out)
{
    *out = (struct cli_keys){.client = {.der_len = 0}};

    if (trivet_public_key_from_any(
            trivet_slice_text(record->private_key), &out->client, NULL)
        != TRIVET_OK)
    {
        out->client.der_len = 0;
    }
    if (trivet_public_key_from_any(
            trivet_slice_text(record->server_key), &out->server, NULL)
        != TRIVET_OK)
    {
        out->server.der_len = 0;
    }
}

int
cli_keys_of_context(struct cli_client *client, struct cli_keys *out)
{
    struct trivet_record *record = trivet_record_new();
    struct trivet_buffer text = {0};
    int number = cli_client_find(client);
    enum trivet_status status;
    struct trivet_error err;

    if (record == NULL || number != CLI_OK) {
        trivet_record_free(record);
        return number == CLI_OK ? CLI_FAILURE : number;
    }

    status = trivet_secret_file_read(client->path, 077, &text, &err);
    if (status == TRIVET_OK) {
        status = trivet_record_parse(trivet_buffer_slice(&text), record, &err);
    }
    if (status == TRIVET_OK) {
        read_keys(record, out);
    }

    trivet_buffer_free(&text);
    trivet_record_free(record);
    return status == TRIVET_OK ? CLI_OK : cli_fail(&err);
}

int
cli_key_of_file(const char *file, struct trivet_public_key *out)
{
    struct trivet_buffer text = {0};
    struct trivet_error err;
    enum trivet_status status;
    int number = cli_read_input(file, &text);

    if (number != CLI_OK) {
        return number;
    }

    status = trivet_public_key_from_any(trivet_buffer_slice(&text), out, &err);
    trivet_buffer_free(&text);
    if (status != TRIVET_OK) {
        return cli_complain(CLI_USAGE, "%s: %s", file, err.detail);
    }

    return CLI_OK;
}
