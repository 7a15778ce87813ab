/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seed_device.c - a device of a seed file, and its installation
 *
 * A device belongs to an installation, which is known by its token: two devices
 * with the same token are of one installation. A client that has the private
 * key and the token opens a session without steps 1 and 2.
 */
#include "cli/serve/seed_device.h"

#include <string.h>

#include "cli/clock.h"
#include "crypto/key.h"
#include "crypto/token.h"
#include "store/noun/device.h"
#include "store/noun/installation.h"
#include "store/noun/server_key.h"

/* What a device of the file says. */
struct device {
    const struct cli_json_at *at;
    const char *description;
    const char *token;
    const char *key_text;
    struct trivet_public_key key;
    struct trivet_address address; /* that it was registered from */
};

static enum trivet_status
read_device(const struct cli_seed_walk *walk, struct device *out,
    struct trivet_error *err)
{
    const struct cli_json_file *file = &walk->file;
    const struct cli_json_at *at = out->at;
    const struct cli_json_at token = cli_json_field(at, "installation_token");
    const struct cli_json_at key = cli_json_field(at, "public_key");
    const struct cli_json_at address = cli_json_field(at, "address");
    const char *text;

    TRIVET_TRY(cli_json_get_text(file, at, "description",
        TRIVET_MAX_DESCRIPTION, true, &out->description, err));
    TRIVET_TRY(cli_json_get_text(file, at, "installation_token",
        TRIVET_TOKEN_LEN, true, &out->token, err));
    TRIVET_TRY(cli_json_get_text(file, at, "public_key",
        TRIVET_MAX_PUBLIC_KEY_TEXT, true, &out->key_text, err));
    TRIVET_TRY(cli_json_get_text(
        file, at, "address", TRIVET_MAX_ADDRESS_TEXT, false, &text, err));

    if (strspn(out->token, "0123456789abcdef") != TRIVET_TOKEN_LEN) {
        return cli_json_refuse(file, &token, err,
            "a token has %d digits 0-9, a-f", (int) TRIVET_TOKEN_LEN);
    }
    if (trivet_public_key_parse(
            trivet_slice_text(out->key_text), &out->key, NULL)
        != TRIVET_OK)
    {
        return cli_json_refuse(
            file, &key, err, "not an RSA public key of 2048 bits in PEM");
    }
    if (text == NULL) {
        text = "127.0.0.1";
    }
    if (trivet_address_parse(trivet_slice_text(text), &out->address)
        != TRIVET_OK) {
        return cli_json_refuse(file, &address, err, "not an IP address");
    }

    return TRIVET_OK;
}

/* ---- the installation -------------------------------------------------- */

static void
keep_current(void *id, const struct trivet_server_key_row *row)
{
    if (row->is_current) {
        *(int64_t *) id = row->id;
    }
}

/* As of an installation that came by the call: the key's text, trimmed, a
 * newline, the token. */
static enum trivet_status
digest_signed(const struct device *device, unsigned char out[TRIVET_DIGEST_LEN])
{
    struct trivet_digest *digest = trivet_digest_new();
    enum trivet_status status;

    if (digest == NULL) {
        return TRIVET_E_MEMORY;
    }

    trivet_digest_start(digest);
    trivet_digest_add(
        digest, trivet_slice_trim(trivet_slice_text(device->key_text)));
    trivet_digest_add(digest, trivet_slice_text("\n"));
    trivet_digest_add(digest, trivet_slice_text(device->token));
    status = trivet_digest_finish(digest, out);
    trivet_digest_free(digest);

    return status;
}

static enum trivet_status
make_installation(const struct cli_seed_walk *walk, const struct device *device,
    const unsigned char token_digest[TRIVET_DIGEST_LEN], int64_t *out_id,
    struct trivet_error *err)
{
    unsigned char signed_digest[TRIVET_DIGEST_LEN];
    struct trivet_new_installation made = {
        .key = &device->key,
        .address = device->address,
        .token_digest = token_digest,
        .signed_digest = signed_digest,
    };
    int64_t now_us = cli_now_us();
    int64_t token_id;

    TRIVET_TRY(digest_signed(device, signed_digest));
    TRIVET_TRY(trivet_store_server_key_list(
        walk->store, now_us, keep_current, &made.server_key_id, err));

    return trivet_store_installation_put(
        walk->store, &made, now_us, out_id, &token_id, err);
}

static enum trivet_status
apply_installation(const struct cli_seed_walk *walk,
    const struct device *device, int64_t *out_id, struct trivet_error *err)
{
    const struct cli_json_at key = cli_json_field(device->at, "public_key");
    unsigned char digest[TRIVET_DIGEST_LEN];
    struct trivet_installation row;
    enum trivet_status status;

    TRIVET_TRY(trivet_token_digest(trivet_slice_text(device->token), digest));
    status = trivet_store_installation_find(
        walk->store, digest, &device->address, &row, err);
    if (status == TRIVET_E_NOT_FOUND) {
        return make_installation(walk, device, digest, out_id, err);
    }
    if (status != TRIVET_OK) {
        return status;
    }

    if (row.key.der_len != device->key.der_len
        || memcmp(row.key.der, device->key.der, row.key.der_len) != 0)
    {
        return cli_json_refuse(&walk->file, &key, err,
            "the installation of this token has another public key");
    }

    *out_id = row.id;
    return TRIVET_OK;
}

/* ---- the device -------------------------------------------------------- */

/* A device that may be there already. */
struct search {
    const struct trivet_new_device *wanted;
    bool is_found;
};

static void
compare(void *user, const struct trivet_device *row)
{
    struct search *search = user;
    const struct trivet_new_device *wanted = search->wanted;

    search->is_found |= row->installation_id == wanted->installation_id
                        && row->api_key_id == wanted->api_key_id
                        && strcmp(row->description, wanted->description) == 0;
}

enum trivet_status
cli_seed_walk_device(struct cli_seed_walk *walk, const struct cli_json_at *at,
    int64_t api_key_id, struct trivet_error *err)
{
    static const char *const names[] = {
        "description", "installation_token", "public_key", "address", NULL};
    struct device device = {.at = at};
    struct trivet_new_device made = {.api_key_id = api_key_id};
    struct search search = {.wanted = &made};
    int64_t id;

    TRIVET_TRY(cli_json_check_object(&walk->file, at, names, err));
    TRIVET_TRY(read_device(walk, &device, err));
    if (walk->store == NULL) {
        return TRIVET_OK;
    }

    made.description = device.description;
    made.address = device.address;
    TRIVET_TRY(apply_installation(walk, &device, &made.installation_id, err));
    TRIVET_TRY(trivet_store_device_list(walk->store, compare, &search, err));
    if (search.is_found) {
        return TRIVET_OK;
    }

    return trivet_store_device_put(walk->store, &made, cli_now_us(), &id, err);
}
