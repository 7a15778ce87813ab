/* SPDX-License-Identifier: Apache-2.0 */
/* api_key.c - API keys: list, create, label, revoke, whence they may be used */
#include "authority/operator/calls/calls.h"

#include "authority/operator/api_key.h"
#include "authority/operator/json.h"
#include "authority/operator/place.h"
#include "authority/operator/whole.h"
#include "crypto/token.h"
#include "store/noun/api_key.h"
#include "store/noun/permitted_ip.h"
#include "store/search.h"

enum {
    MIN_SECRET_LEN = 32 /* characters: kept as a plain digest, so no less */
};

static const char *const states[] = {
    "PENDING_FIRST_USE", "ACTIVE", "EXPIRED", "REVOKED", NULL};

const struct trivet_operator_field trivet_key_fields[] = {
    {.name = "id", .type = TRIVET_TYPE_ID},
    {.name = "user_id", .type = TRIVET_TYPE_ID},
    {.name = "user", .type = TRIVET_TYPE_TEXT, .max = TRIVET_MAX_NAME},
    {.name = "label", .type = TRIVET_TYPE_TEXT, .max = TRIVET_MAX_NAME},
    {.name = "status", .type = TRIVET_TYPE_WORD, .words = states},
    {.name = "created", .type = TRIVET_TYPE_MOMENT},
    {.name = "expires",
        .type = TRIVET_TYPE_MOMENT,
        .is_optional = true,
        .meaning = "of a key without a device"},
    {.name = "last_use",
        .type = TRIVET_TYPE_MOMENT,
        .is_optional = true,
        .meaning = "when a session of it was last opened or extended"},
    {.name = "allow_all_ips",
        .type = TRIVET_TYPE_FLAG,
        .meaning = "it may be used from any address"},
    {.name = "permitted_ips",
        .type = TRIVET_TYPE_LIST,
        .meaning = "the addresses that it may be used from otherwise"},
    {.name = NULL},
};

const struct trivet_operator_field trivet_made_key_fields[] = {
    {.name = "id", .type = TRIVET_TYPE_ID},
    {.name = "user_id", .type = TRIVET_TYPE_ID},
    {.name = "user", .type = TRIVET_TYPE_TEXT, .max = TRIVET_MAX_NAME},
    {.name = "secret",
        .type = TRIVET_TYPE_TEXT,
        .max = TRIVET_MAX_API_KEY,
        .is_optional = true,
        .meaning = "the key itself, which is shown this once; null when it "
                   "was given"},
    {.name = "expires_in",
        .type = TRIVET_TYPE_INTEGER,
        .min = 1,
        .max = TRIVET_MAX_KEY_LIFETIME_S,
        .meaning = "seconds until which it must be bound to a device"},
    {.name = NULL},
};

/* ---- lists ------------------------------------------------------------- */

static const char *
state_of(const struct trivet_api_key *row, int64_t now_us)
{
    if (row->revoked_us != 0) {
        return "REVOKED";
    }
    if (row->bound_us != 0) {
        return "ACTIVE";
    }

    return now_us < row->expires_us ? "PENDING_FIRST_USE" : "EXPIRED";
}

static void
add_key(void *data, const struct trivet_api_key *row)
{
    struct trivet_operation *operation = data;
    int64_t expires_us = row->bound_us != 0 ? 0 : row->expires_us;

    trivet_operation_push(operation,
        json_pack("{s:I, s:I, s:o, s:o, s:s, s:o, s:o, s:o, s:b, s:[]}", "id",
            (json_int_t) row->id, "user_id", (json_int_t) row->user_id, "user",
            trivet_operator_json_text(row->user_name), "label",
            trivet_operator_json_text(row->label), "status",
            state_of(row, operation->now_us), "created",
            trivet_json_moment(row->created_us), "expires",
            trivet_json_moment(expires_us), "last_use",
            trivet_json_moment(row->last_use_us), "allow_all_ips",
            row->allows_all_ips, "permitted_ips"));
}

/* A list of addresses, and the operation that it is of. */
struct found_addresses {
    struct trivet_operation *operation;
    json_t *list;
};

static void
add_address(void *data, const struct trivet_permitted_ip *ip)
{
    const struct found_addresses *found = data;

    trivet_operation_push_to(found->operation, found->list,
        trivet_operator_json_address(&ip->address));
}

/* Of the keys that were found. */
static enum trivet_status
add_addresses(struct trivet_operation *operation)
{
    size_t i;
    json_t *row;

    json_array_foreach(operation->rows, i, row)
    {
        struct found_addresses found = {
            operation, json_object_get(row, "permitted_ips")};

        TRIVET_TRY(trivet_store_permitted_ip_list(operation->store,
            json_integer_value(json_object_get(row, "id")), add_address, &found,
            operation->err));
    }

    return trivet_operation_check(operation, TRIVET_OK);
}

static enum trivet_status
list_keys(struct trivet_operation *operation, const struct trivet_page *page)
{
    const struct trivet_search search = {
        .text = trivet_operation_text(operation, "q"),
        .user_id = trivet_operation_integer(operation, "user_id"),
        .page = page,
    };
    enum trivet_status status;

    if (page == NULL) {
        status = trivet_store_api_key_list(
            operation->store, add_key, operation, operation->err);
    } else {
        status = trivet_store_api_key_search(
            operation->store, &search, add_key, operation, operation->err);
    }
    TRIVET_TRY(trivet_operation_check(operation, status));

    return add_addresses(operation);
}

enum trivet_status
trivet_operator_key_list(struct trivet_operation *operation)
{
    return list_keys(operation, operation->page);
}

/* The key as it is now. */
static enum trivet_status
show_key(struct trivet_operation *operation, int64_t id)
{
    const struct trivet_page page = {
        .count = 1, .newer_id = -1, .older_id = id + 1};
    const struct trivet_search search = {.page = &page};

    TRIVET_TRY(trivet_operation_check(
        operation, trivet_store_api_key_search(operation->store, &search,
                       add_key, operation, operation->err)));

    return add_addresses(operation);
}

/* ---- making ------------------------------------------------------------ */

static enum trivet_status
check_given(const char *text, struct trivet_error *err)
{
    size_t len = strlen(text);

    if (len < MIN_SECRET_LEN || len >= TRIVET_MAX_API_KEY) {
        return trivet_error_set(err, TRIVET_E_USAGE, "key.create",
            "a key has %d to %d characters", MIN_SECRET_LEN,
            TRIVET_MAX_API_KEY - 1);
    }

    for (size_t i = 0; i < len; i++) {
        if (text[i] <= 0x20 || text[i] > 0x7e) {
            return trivet_error_set(err, TRIVET_E_USAGE, "key.create",
                "a key is one line of printable ASCII without blanks");
        }
    }

    return TRIVET_OK;
}

static enum trivet_status
get_secret(struct trivet_operation *operation, struct trivet_secret *out)
{
    const char *given = trivet_operation_text(operation, "secret");

    if (!trivet_operation_has(operation, "secret")) {
        return trivet_operation_flag(operation, "is_sandbox")
                   ? trivet_token_make_sandbox_key(out)
                   : trivet_token_make(out);
    }

    TRIVET_TRY(check_given(given, operation->err));

    out->len = strlen(given);
    memcpy(out->bytes, given, out->len + 1);
    return TRIVET_OK;
}

static int64_t
lifetime_of(const struct trivet_operation *operation)
{
    if (trivet_operation_has(operation, "expires_in")) {
        return trivet_operation_integer(operation, "expires_in");
    }

    return trivet_operation_flag(operation, "is_sandbox")
               ? TRIVET_SANDBOX_KEY_LIFETIME_S
               : TRIVET_DEFAULT_KEY_LIFETIME_S;
}

struct creation {
    struct trivet_operation *operation;
    const struct trivet_api_key_wish *wish;
};

/* Inside the transaction, before its commit. */
static enum trivet_status
show_made(void *data, const struct trivet_made_api_key *made,
    struct trivet_error *err)
{
    const struct creation *creation = data;
    struct trivet_operation *operation = creation->operation;
    const char *secret = (const char *) creation->wish->secret->bytes;

    if (trivet_operation_has(operation, "secret")) {
        secret = NULL;
    }
    TRIVET_TRY(trivet_operation_add(operation,
        json_pack("{s:I, s:I, s:o, s:s?, s:I}", "id", (json_int_t) made->id,
            "user_id", (json_int_t) made->user.id, "user",
            trivet_operator_json_text(made->user.display_name), "secret",
            secret, "expires_in", (json_int_t) creation->wish->lifetime_s)));

    return operation->show == NULL ? TRIVET_OK
                                   : operation->show(operation->data,
                                       json_array_get(operation->rows, 0), err);
}

enum trivet_status
trivet_operator_key_create(struct trivet_operation *operation)
{
    struct trivet_secret secret;
    struct trivet_api_key_wish wish = {
        .user = "default",
        .label = trivet_operation_text(operation, "label"),
        .secret = &secret,
        .lifetime_s = lifetime_of(operation),
    };
    struct creation creation = {operation, &wish};
    struct trivet_made_api_key made;
    enum trivet_status status;

    if (trivet_operation_has(operation, "user")) {
        wish.user = trivet_operation_text(operation, "user");
    }

    TRIVET_TRY(trivet_operator_check_label(wish.label, operation->err));
    TRIVET_TRY(get_secret(operation, &secret));

    status =
        trivet_operator_make_api_key(operation->store, &wish, operation->now_us,
            show_made, &creation, &made, &operation->is_lost, operation->err);
    trivet_secret_wipe(&secret);

    return status;
}

/* ---- changing ---------------------------------------------------------- */

static enum trivet_status
label(struct trivet_operation *operation)
{
    int64_t id = trivet_operation_integer(operation, "id");

    TRIVET_TRY(trivet_operator_label_api_key(operation->store, id,
        trivet_operation_text(operation, "label"), operation->now_us,
        operation->err));

    return show_key(operation, id);
}

enum trivet_status
trivet_operator_key_label(struct trivet_operation *operation)
{
    return trivet_operation_whole(operation, label);
}

static enum trivet_status
revoke(struct trivet_operation *operation)
{
    int64_t id = trivet_operation_integer(operation, "id");

    TRIVET_TRY(trivet_operator_revoke_api_key(
        operation->store, id, operation->now_us, operation->err));

    return show_key(operation, id);
}

enum trivet_status
trivet_operator_key_revoke(struct trivet_operation *operation)
{
    return trivet_operation_whole(operation, revoke);
}

static enum trivet_status
allow_all_ips(struct trivet_operation *operation)
{
    int64_t id = trivet_operation_integer(operation, "id");

    TRIVET_TRY(trivet_operator_allow_all_ips(operation->store, id,
        trivet_operation_flag(operation, "allow_all_ips"), operation->now_us,
        operation->err));

    return show_key(operation, id);
}

enum trivet_status
trivet_operator_key_allow_all_ips(struct trivet_operation *operation)
{
    return trivet_operation_whole(operation, allow_all_ips);
}
