/* SPDX-License-Identifier: Apache-2.0 */
/* receipt_keys.c - the public keys that receipts are verified with */
#include "sidecar/receipt_keys.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { MAX_PEM = 4096, MAX_PATH_HERE = 4096 };

static bool
is_id(const char *id)
{
    return strlen(id) == TRIVET_RECEIPT_HASH
           && strspn(id, "0123456789abcdef") == TRIVET_RECEIPT_HASH;
}

static enum trivet_status
read_key(const char *path, struct trivet_public_key *out)
{
    const struct trivet_file_rule rule = {
        .owner = TRIVET_FILE_ANY_OWNER, .content = "a public key"};
    struct trivet_buffer pem = trivet_buffer_make(MAX_PEM);
    enum trivet_status status;
    int fd;

    TRIVET_TRY(trivet_file_open_private(path, &rule, &fd, NULL));
    status = trivet_file_read_all(fd, path, &pem, NULL);
    (void) close(fd);
    if (status == TRIVET_OK) {
        status = trivet_public_key_parse(trivet_buffer_slice(&pem), out, NULL);
    }

    trivet_buffer_free(&pem);
    return status;
}

static bool
load(const char *folder, const char *id, struct trivet_receipt_key *out)
{
    char path[MAX_PATH_HERE];
    char found[TRIVET_RECEIPT_HASH + 1];

    memset(out, 0, sizeof *out);
    (void) snprintf(out->id, sizeof out->id, "%s", id);

    return snprintf(path, sizeof path, "%s/%s.pem", folder, id)
               < (int) sizeof path
           && read_key(path, &out->key) == TRIVET_OK
           && trivet_receipt_key_id(
                  trivet_slice_make(out->key.der, out->key.der_len), found)
                  == TRIVET_OK
           && strcmp(found, id) == 0;
}

struct trivet_receipt_key *
trivet_receipt_keys_find(struct trivet_receipt_keys *keys, const char *id)
{
    for (size_t i = 0; i < keys->num; i++) {
        if (strcmp(keys->keys[i].id, id) == 0) {
            return &keys->keys[i];
        }
    }

    if (!is_id(id) || keys->num == TRIVET_MAX_RECEIPT_KEYS
        || !load(keys->folder, id, &keys->keys[keys->num]))
    {
        return NULL;
    }

    return &keys->keys[keys->num++];
}
