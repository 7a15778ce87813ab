/* SPDX-License-Identifier: Apache-2.0 */
/* server_key.c - a key pair of the server */
#include "authority/server_key.h"

#include <string.h>

enum trivet_status
trivet_server_key_load(const char *location, struct trivet_server_key *out,
    struct trivet_error *err)
{
    memset(out, 0, sizeof *out);
    TRIVET_TRY(trivet_private_key_open(location, &out->key, err));

    if (trivet_private_key_public(out->key, &out->public_key) != TRIVET_OK
        || trivet_signature_tag(&out->public_key, &out->tag) != TRIVET_OK
        || trivet_private_key_public_pem(
               out->key, out->public_pem, sizeof out->public_pem)
               != TRIVET_OK)
    {
        trivet_server_key_release(out);
        return trivet_error_set(err, TRIVET_E_CRYPTO, "server_key.load",
            "the public key of the server's key cannot be written");
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_server_key_load_again(const char *location,
    struct trivet_server_key *key, struct trivet_error *err)
{
    struct trivet_server_key loaded;

    TRIVET_TRY(trivet_server_key_load(location, &loaded, err));

    if (strcmp(loaded.public_pem, key->public_pem) != 0) {
        trivet_server_key_release(&loaded);
        return trivet_error_set(err, TRIVET_E_CONFLICT, "server_key.load",
            "another key is there now");
    }

    key->key = loaded.key;
    return TRIVET_OK;
}

void
trivet_server_key_release(struct trivet_server_key *key)
{
    trivet_private_key_free(key->key);
    key->key = NULL;
}
