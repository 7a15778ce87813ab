/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h - the public keys that sign, verify and explain work with */
#ifndef TRIVET_CLI_CLIENT_KEYS_H
#define TRIVET_CLI_CLIENT_KEYS_H

#include "cli/client/context.h"
#include "crypto/key.h"

/* Both sides' keys of a context: each may be missing (der_len 0). */
struct cli_keys {
    struct trivet_public_key client;
    struct trivet_public_key server;
};

int cli_keys_of_context(struct cli_client *client, struct cli_keys *out);

/* A key from a PEM file: public, private or certificate. */
int cli_key_of_file(const char *file, struct trivet_public_key *out);

#endif
