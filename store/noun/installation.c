/* SPDX-License-Identifier: Apache-2.0 */
/* installation.c - installations: a client's public key, and its token */
#include "store/noun/installation.h"

#include "store/noun/audit.h"
#include "store/noun/rules.h"
#include "store/noun/statements.h"
#include "store/row.h"
#include "store/transaction.h"
#include "store/value.h"

static const struct trivet_statement put_sql = {.name = "installation.put",
    .sql = "INSERT INTO installation (created_us, public_der, public_text,"
           " signed_digest, address, server_key_id)"
           " VALUES ($1, $2, '', $3, $4, $5) RETURNING id"};
static const struct trivet_statement put_token_sql = {
    .name = "installation.put-token",
    .sql = "INSERT INTO installation_token (installation_id, digest)"
           " VALUES ($1, $2) RETURNING id"};

static enum trivet_status
put_both(struct trivet_store *store, const struct trivet_new_installation *made,
    int64_t now_us, int64_t *out_id, int64_t *out_token_id,
    struct trivet_error *err)
{
    const struct trivet_value installation[] = {trivet_value_integer(now_us),
        trivet_value_blob(made->key->der, made->key->der_len),
        trivet_value_digest(made->signed_digest),
        trivet_value_address(&made->address),
        trivet_value_integer(made->server_key_id)};
    struct trivet_value token[2];
    struct trivet_audit_entry entry = {
        .event = TRIVET_AUDIT_INSTALLATION_CREATED};

    TRIVET_TRY(CHANGE(store, &put_sql, installation, &entry.installation_id,
        &entry, now_us, err));

    token[0] = trivet_value_integer(entry.installation_id);
    token[1] = trivet_value_digest(made->token_digest);
    TRIVET_TRY(RUN_FOR_ID(store, &put_token_sql, token, out_token_id, err));

    *out_id = entry.installation_id;
    return TRIVET_OK;
}

enum trivet_status
trivet_store_installation_put(struct trivet_store *store,
    const struct trivet_new_installation *made, int64_t now_us, int64_t *out_id,
    int64_t *out_token_id, struct trivet_error *err)
{
    enum trivet_status status;
    int64_t id;
    int64_t token_id;
    bool is_own;

    TRIVET_TRY(trivet_store_enter(store, &is_own, err));
    status = put_both(store, made, now_us, &id, &token_id, err);
    TRIVET_TRY(trivet_store_leave(store, is_own, status, err));

    *out_id = id;
    *out_token_id = token_id;
    return TRIVET_OK;
}

static const struct trivet_statement find_sql = {.name = "installation.find",
    .sql = "SELECT i.id, i.public_der, i.server_key_id, i.address = $2 OR"
           " EXISTS (SELECT 1 FROM device d"
           " JOIN api_key k ON k.id = d.api_key_id"
           " WHERE d.installation_id = i.id AND k.revoked_us IS NULL"
           " AND " PERMITS(
               "k", "$2") "), y.retired_us IS NOT NULL"
                          " FROM installation_token t"
                          " JOIN installation i ON i.id = t.installation_id"
                          " JOIN server_key y ON y.id = i.server_key_id"
                          " WHERE t.digest = $1"};

static const struct trivet_field fields[] = {
    FIELD(struct trivet_installation, id, INTEGER),
    FIELD(struct trivet_installation, key, KEY),
    FIELD(struct trivet_installation, server_key_id, INTEGER),
    FIELD(struct trivet_installation, is_ip_permitted, FLAG),
    FIELD(struct trivet_installation, is_server_key_retired, FLAG),
};

enum trivet_status
trivet_store_installation_find(struct trivet_store *store,
    const unsigned char token_digest[TRIVET_DIGEST_LEN],
    const struct trivet_address *address, struct trivet_installation *out,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_digest(token_digest), trivet_value_address(address)};

    return GET(store, &find_sql, params, fields, out, err);
}

static const struct trivet_statement signed_sql = {
    .name = "installation.signed",
    .sql = "SELECT LENGTH(signed_digest) = 32, signed_digest, public_text"
           " FROM installation WHERE id = $1"};

static const struct trivet_field signed_fields[] = {
    FIELD(struct trivet_signed_text, has_digest, FLAG),
    FIELD(struct trivet_signed_text, digest, BYTES),
    FIELD(struct trivet_signed_text, key_text, TEXT),
};

enum trivet_status
trivet_store_installation_signed(struct trivet_store *store, int64_t id,
    struct trivet_signed_text *out, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(id)};

    return GET(store, &signed_sql, params, signed_fields, out, err);
}

static const struct trivet_statement newest_keys_sql = {
    .name = "installation.newest-keys",
    .sql = "SELECT public_der FROM installation WHERE id <> $1"
           " ORDER BY id DESC LIMIT $2"};

static const struct trivet_field key_fields[] = {
    {.kind = TRIVET_FIELD_KEY},
};

struct key_list {
    trivet_public_key_fn on_row;
    void *user;
};

static void
read_key(void *opaque, const struct trivet_value *columns)
{
    const struct key_list *list = opaque;
    struct trivet_public_key key;

    READ(key_fields, columns, &key);
    list->on_row(list->user, &key);
}

enum trivet_status
trivet_store_newest_keys(struct trivet_store *store, int64_t but_id,
    int64_t num, trivet_public_key_fn on_row, void *user,
    struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(but_id), trivet_value_integer(num)};
    struct key_list list = {.on_row = on_row, .user = user};

    return LIST(store, &newest_keys_sql, params, read_key, &list, err);
}

static const struct trivet_statement register_sql = {
    .name = "installation.register",
    .sql = "UPDATE installation SET registered_us = COALESCE(registered_us, $2)"
           " WHERE id = $1 RETURNING id"};

enum trivet_status
trivet_store_installation_register(struct trivet_store *store, int64_t id,
    int64_t now_us, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(id), trivet_value_integer(now_us)};

    return RUN_FOR_ID(store, &register_sql, params, &id, err);
}

static const struct trivet_statement last_id_sql = {.name = "installation.last",
    .sql = "SELECT COALESCE(MAX(id), 0) FROM installation"};

enum trivet_status
trivet_store_installation_last_id(
    struct trivet_store *store, int64_t *out, struct trivet_error *err)
{
    return trivet_store_run_for_id(store, &last_id_sql, NULL, 0, out, err);
}

static const struct trivet_statement *const statements[] = {
    &put_sql,
    &put_token_sql,
    &find_sql,
    &signed_sql,
    &newest_keys_sql,
    &register_sql,
    &last_id_sql,
};
const struct trivet_statements trivet_installation_statements =
    TRIVET_STATEMENTS(statements);
