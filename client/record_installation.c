/* SPDX-License-Identifier: Apache-2.0 */
/* record_installation.c - "installation_context" of a context file */
#include "client/record_installation.h"

#include <stdio.h>
#include <string.h>

#include "base/writer.h"
#include "client/record_field.h"
#include "core/pem.h"
#include "crypto/key.h"

/* Writes a private key of any PEM form as PKCS#8 with lines of 64 columns. */
static bool
normalise_private_key(const char *text, char out[TRIVET_MAX_PRIVATE_KEY_PEM])
{
    char strict[TRIVET_MAX_PRIVATE_KEY_PEM];
    struct trivet_writer writer = trivet_writer_make(strict, sizeof strict);
    struct trivet_private_key *key = NULL;
    bool is_done =
        trivet_pem_rewrap(trivet_slice_text(text), &writer) == TRIVET_OK
        && trivet_private_key_parse(trivet_writer_slice(&writer), &key, NULL)
               == TRIVET_OK
        && trivet_private_key_to_pem(key, out, TRIVET_MAX_PRIVATE_KEY_PEM)
               == TRIVET_OK;

    trivet_private_key_free(key);
    trivet_wipe(strict, sizeof strict);
    return is_done;
}

static bool
normalise_public_key(const char *text, char out[TRIVET_MAX_PUBLIC_KEY_TEXT])
{
    struct trivet_public_key key;

    return trivet_public_key_parse(trivet_slice_text(text), &key, NULL)
               == TRIVET_OK
           && trivet_public_key_to_pem(&key, out, TRIVET_MAX_PUBLIC_KEY_TEXT)
                  == TRIVET_OK;
}

/* Keys that trivet wrote have the strict form already: parsing a PEM costs more
 * than the rest of a call. What signs with them parses them anyway. */
static bool
copy_keys(const char *private_key, const char *server_key, bool is_own,
    struct trivet_record *out)
{
    if (!is_own) {
        return normalise_private_key(private_key, out->private_key)
               && (server_key == NULL
                   || normalise_public_key(server_key, out->server_key));
    }

    return snprintf(
               out->private_key, sizeof out->private_key, "%s", private_key)
               < (int) sizeof out->private_key
           && (server_key == NULL
               || snprintf(
                      out->server_key, sizeof out->server_key, "%s", server_key)
                      < (int) sizeof out->server_key);
}

bool
trivet_record_is_pair(const char *private_key, const json_t *public_key)
{
    char pem[TRIVET_MAX_PUBLIC_KEY_TEXT];
    const char *text = json_string_value(public_key);
    struct trivet_private_key *key = NULL;
    struct trivet_public_key ours;
    struct trivet_public_key given;
    bool is_same;

    if (public_key == NULL || json_is_null(public_key)) {
        return true;
    }

    is_same =
        text != NULL
        && trivet_private_key_parse(trivet_slice_text(private_key), &key, NULL)
               == TRIVET_OK
        && trivet_private_key_public_pem(key, pem, sizeof pem) == TRIVET_OK
        && trivet_public_key_parse(trivet_slice_text(pem), &ours, NULL)
               == TRIVET_OK
        && trivet_public_key_parse(trivet_slice_text(text), &given, NULL)
               == TRIVET_OK
        && ours.der_len == given.der_len
        && memcmp(ours.der, given.der, ours.der_len) == 0;
    trivet_private_key_free(key);

    return is_same;
}

enum trivet_status
trivet_record_read_installation(const json_t *object, bool is_own,
    struct trivet_record *out, struct trivet_error *err)
{
    const char *private_key =
        json_string_value(json_object_get(object, "private_key_client"));
    const char *server_key =
        json_string_value(json_object_get(object, "public_key_server"));

    if (object == NULL || json_is_null(object)) {
        return TRIVET_OK;
    }
    if (private_key == NULL || !copy_keys(private_key, server_key, is_own, out))
    {
        return trivet_field_refuse(
            err, "private_key_client\" or \"public_key_server");
    }
    if (!is_own
        && !trivet_record_is_pair(
            out->private_key, json_object_get(object, "public_key_client")))
    {
        return trivet_error_set(err, TRIVET_E_MALFORMED, "record.parse",
            "the file's \"public_key_client\" is not the public half of its "
            "\"private_key_client\": one of them is another installation's");
    }
    if (!trivet_field_get_secret(object, "token", &out->installation_token)) {
        return trivet_field_refuse(err, "installation_context.token");
    }
    /* Between the key pair and the installation there is no token yet. */
    if (out->installation_token.len > 0 && out->server_key[0] == '\0') {
        return trivet_field_refuse(err, "public_key_server");
    }

    return TRIVET_OK;
}

json_t *
trivet_record_format_installation(
    const struct trivet_record *record, enum trivet_status *out_status)
{
    char public_key[TRIVET_MAX_PUBLIC_KEY_TEXT];
    struct trivet_private_key *key = NULL;
    json_t *tree = NULL;

    *out_status = trivet_private_key_parse(
        trivet_slice_text(record->private_key), &key, NULL);
    if (*out_status == TRIVET_OK) {
        *out_status =
            trivet_private_key_public_pem(key, public_key, sizeof public_key);
    }
    trivet_private_key_free(key);
    if (*out_status != TRIVET_OK) {
        return NULL;
    }

    tree = json_object();
    trivet_field_put_secret(&tree, "token", &record->installation_token);
    trivet_field_put_text(&tree, "private_key_client", record->private_key);
    trivet_field_put_text(&tree, "public_key_client", public_key);
    trivet_field_put_text(&tree, "public_key_server", record->server_key);

    return tree;
}
