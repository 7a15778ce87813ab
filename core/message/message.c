/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - the bodies of the protocol's own calls */
#include "core/message/message.h"

#include <stdlib.h>

#include "base/timestamp.h"
#include "core/json.h"
#include "core/json_tree.h"
#include "core/message/parts.h"

#define DUMP_FLAGS (JSON_COMPACT | JSON_ESCAPE_SLASH | JSON_ENSURE_ASCII)
#define LINK_466   "https://together.bunq.com/d/15399"

static const struct trivet_complaint no_complaint = {
    .reason = TRIVET_REASON_NONE};

static struct trivet_complaint
complain(enum trivet_reason reason, const char *field)
{
    return (struct trivet_complaint){reason, field};
}

/* ---- requests ---------------------------------------------------------- */

/* The object of a body, or NULL with a complaint. An empty body is {}. */
static json_t *
load_object(struct trivet_slice body, struct trivet_complaint *complaint)
{
    json_t *root;

    if (body.len == 0) {
        root = json_object();
    } else {
        root = trivet_json_load(body, JSON_REJECT_DUPLICATES, NULL);
    }

    if (!json_is_object(root)) {
        *complaint = complain(TRIVET_REASON_JSON_INVALID, NULL);
        json_decref(root);
        return NULL;
    }

    *complaint = no_complaint;
    return root;
}

/* A required string of 1 to cap bytes; the slice lives as long as root. */
static struct trivet_complaint
get_string(
    const json_t *root, const char *field, size_t cap, struct trivet_slice *out)
{
    const json_t *value = json_object_get(root, field);

    if (value == NULL || json_is_null(value)) {
        return complain(TRIVET_REASON_FIELD_MISSING, field);
    }
    if (!json_is_string(value)) {
        return complain(TRIVET_REASON_FIELD_INVALID, field);
    }
    if (json_string_length(value) == 0) {
        return complain(TRIVET_REASON_FIELD_MISSING, field);
    }
    if (json_string_length(value) > cap) {
        return complain(TRIVET_REASON_FIELD_INVALID, field);
    }

    *out =
        trivet_slice_make(json_string_value(value), json_string_length(value));
    return no_complaint;
}

static struct trivet_complaint
get_secret(const json_t *root, struct trivet_secret *out)
{
    struct trivet_slice text;
    struct trivet_complaint complaint =
        get_string(root, "secret", sizeof out->bytes, &text);

    if (complaint.reason == TRIVET_REASON_NONE) {
        memcpy(out->bytes, text.data, text.len);
        out->len = text.len;
        /* jansson frees its copy without wiping; it is ours, and writable. */
        trivet_wipe((void *) (uintptr_t) text.data, text.len);
    }

    return complaint;
}

static struct trivet_complaint
get_permitted(const json_t *root, struct trivet_permitted *out)
{
    const json_t *list = json_object_get(root, "permitted_ips");
    size_t i;
    const json_t *entry;

    memset(out, 0, sizeof *out);

    if (list == NULL || json_is_null(list)) {
        return no_complaint;
    }
    if (!json_is_array(list)) {
        return complain(TRIVET_REASON_FIELD_INVALID, "permitted_ips");
    }

    json_array_foreach(list, i, entry)
    {
        struct trivet_slice text;

        if (!json_is_string(entry)) {
            return complain(TRIVET_REASON_FIELD_INVALID, "permitted_ips");
        }

        text = trivet_slice_make(
            json_string_value(entry), json_string_length(entry));
        if (trivet_permitted_add(out, text) != TRIVET_OK) {
            return complain(
                TRIVET_REASON_PERMITTED_IP_INVALID, "permitted_ips");
        }
    }

    return no_complaint;
}

struct trivet_complaint
trivet_message_read_installation(
    struct trivet_slice body, struct trivet_installation_request *out)
{
    struct trivet_complaint complaint;
    struct trivet_slice text;
    json_t *root = load_object(body, &complaint);

    if (root == NULL) {
        return complaint;
    }

    complaint =
        get_string(root, "client_public_key", sizeof out->public_key, &text);
    if (complaint.reason == TRIVET_REASON_NONE) {
        memcpy(out->public_key, text.data, text.len);
        out->public_key_len = text.len;
    }

    json_decref(root);
    return complaint;
}

static struct trivet_complaint
read_device(const json_t *root, struct trivet_device_request *out)
{
    struct trivet_slice description;
    struct trivet_complaint complaint =
        get_string(root, "description", TRIVET_MAX_DESCRIPTION, &description);

    if (complaint.reason != TRIVET_REASON_NONE) {
        return complaint;
    }

    memcpy(out->description, description.data, description.len);
    out->description[description.len] = '\0';

    complaint = get_secret(root, &out->secret);
    if (complaint.reason != TRIVET_REASON_NONE) {
        return complaint;
    }

    return get_permitted(root, &out->permitted);
}

struct trivet_complaint
trivet_message_read_device(
    struct trivet_slice body, struct trivet_device_request *out)
{
    struct trivet_complaint complaint;
    json_t *root = load_object(body, &complaint);

    if (root != NULL) {
        complaint = read_device(root, out);
        json_decref(root);
    }

    return complaint;
}

struct trivet_complaint
trivet_message_read_session(
    struct trivet_slice body, struct trivet_session_request *out)
{
    struct trivet_complaint complaint;
    json_t *root = load_object(body, &complaint);

    if (root != NULL) {
        complaint = get_secret(root, &out->secret);
        json_decref(root);
    }

    return complaint;
}

/* Absent and null are the same; out->len is 0 then. */
static struct trivet_complaint
get_optional(
    const json_t *root, const char *field, size_t cap, struct trivet_slice *out)
{
    const json_t *value = json_object_get(root, field);

    *out = trivet_slice_make(NULL, 0);
    if (value == NULL || json_is_null(value)) {
        return no_complaint;
    }

    return get_string(root, field, cap, out);
}

static struct trivet_complaint
get_address(const json_t *root, struct trivet_permitted_ip_request *out)
{
    struct trivet_slice text;
    struct trivet_complaint complaint =
        get_optional(root, "ip", TRIVET_MAX_ADDRESS_TEXT, &text);

    if (complaint.reason != TRIVET_REASON_NONE || text.len == 0) {
        return complaint;
    }
    if (trivet_slice_is(text, "*")) {
        return complain(TRIVET_REASON_PERMITTED_IP_WILDCARD, "ip");
    }

    out->has_address = true;
    return trivet_address_parse(text, &out->address) == TRIVET_OK
               ? no_complaint
               : complain(TRIVET_REASON_FIELD_INVALID, "ip");
}

static struct trivet_complaint
get_status(const json_t *root, struct trivet_permitted_ip_request *out)
{
    struct trivet_slice text;
    struct trivet_complaint complaint =
        get_optional(root, "status", sizeof "INACTIVE", &text);

    if (complaint.reason != TRIVET_REASON_NONE || text.len == 0) {
        return complaint;
    }

    out->has_status = true;
    out->is_active = trivet_slice_is(text, "ACTIVE");
    return out->is_active || trivet_slice_is(text, "INACTIVE")
               ? no_complaint
               : complain(TRIVET_REASON_FIELD_INVALID, "status");
}

struct trivet_complaint
trivet_message_read_permitted_ip(
    struct trivet_slice body, struct trivet_permitted_ip_request *out)
{
    struct trivet_complaint complaint;
    json_t *root = load_object(body, &complaint);

    memset(out, 0, sizeof *out);

    if (root != NULL) {
        complaint = get_address(root, out);
        if (complaint.reason == TRIVET_REASON_NONE) {
            complaint = get_status(root, out);
        }
        json_decref(root);
    }

    return complaint;
}

/* A required string, copied. */
static struct trivet_complaint
copy_string(const json_t *root, const char *field, char *out, size_t cap,
    size_t *out_len)
{
    struct trivet_slice text;
    struct trivet_complaint complaint = get_string(root, field, cap, &text);

    if (complaint.reason == TRIVET_REASON_NONE) {
        memcpy(out, text.data, text.len);
        *out_len = text.len;
    }

    return complaint;
}

static struct trivet_complaint
read_psp(const json_t *root, struct trivet_psp_request *out)
{
    struct trivet_complaint complaint =
        copy_string(root, "client_payment_service_provider_certificate",
            out->certificate, sizeof out->certificate, &out->certificate_len);

    if (complaint.reason != TRIVET_REASON_NONE) {
        return complaint;
    }

    complaint =
        copy_string(root, "client_payment_service_provider_certificate_chain",
            out->chain, sizeof out->chain, &out->chain_len);
    if (complaint.reason != TRIVET_REASON_NONE) {
        return complaint;
    }

    return copy_string(root, "client_public_key_signature", out->signature,
        sizeof out->signature, &out->signature_len);
}

struct trivet_complaint
trivet_message_read_psp(
    struct trivet_slice body, struct trivet_psp_request *out)
{
    struct trivet_complaint complaint;
    json_t *root = load_object(body, &complaint);

    if (root != NULL) {
        complaint = read_psp(root, out);
        json_decref(root);
    }

    return complaint;
}

struct trivet_complaint
trivet_message_read_empty(struct trivet_slice body)
{
    struct trivet_complaint complaint;

    json_decref(load_object(body, &complaint));

    return complaint;
}

/* ---- answers ----------------------------------------------------------- */

void
trivet_body_free(struct trivet_body *body)
{
    if (body->data != NULL) {
        trivet_wipe(body->data, body->len); /* a token may be in it */
    }

    free(body->data);
    *body = (struct trivet_body){NULL, 0};
}

/*
 * The text of a tree, into memory of its exact size. Not json_dumps: that one
 * grows its buffer as it goes, and where memory runs out for the name of a
 * field it leaves the name out and calls it a success.
 */
static struct trivet_body
dump_tree(const json_t *root, size_t flags)
{
    struct trivet_body body = {NULL, 0};
    size_t len = json_dumpb(root, NULL, 0, flags);

    if (len > 0) {
        body.data = malloc(len + 1);
    }
    if (body.data == NULL) {
        return body;
    }

    body.len = json_dumpb(root, body.data, len, flags);
    if (body.len != len) {
        body.len = len;
        trivet_body_free(&body);
        return body;
    }

    body.data[len] = '\0';
    return body;
}

enum trivet_status
trivet_body_plain_slashes(struct trivet_body *body)
{
    struct trivet_body plain = {NULL, 0};
    json_t *root;

    if (body->data == NULL || memchr(body->data, '/', body->len) == NULL) {
        return TRIVET_OK;
    }

    root = json_loadb(body->data, body->len, 0, NULL);
    plain = dump_tree(root, DUMP_FLAGS & ~(size_t) JSON_ESCAPE_SLASH);
    json_decref(root);
    if (plain.data == NULL) {
        return TRIVET_E_MEMORY;
    }

    trivet_body_free(body);
    *body = plain;
    return TRIVET_OK;
}

struct trivet_body
trivet_message_dump(json_t *root)
{
    struct trivet_body body = {NULL, 0};

    if (root == NULL) {
        return body;
    }

    body = dump_tree(root, DUMP_FLAGS);
    json_decref(root);

    return body;
}

/* {"Response":[item, ...]}; takes the list over. */
static struct trivet_body
dump_response(json_t *list)
{
    return trivet_message_dump(json_pack("{s:o}", "Response", list));
}

/* The text with its "%s", if any, replaced by subject. */
static json_t *
fill_text(const char *text, const char *subject)
{
    const char *mark = strstr(text, "%s");

    if (mark == NULL) {
        return json_string(text);
    }

    return json_sprintf("%.*s%s%s", (int) (mark - text), text,
        subject == NULL ? "" : subject, mark + 2);
}

/* The error's object, with its list of more (NULL: none), which it takes. */
static struct trivet_body
dump_error(const struct trivet_reason_row *row, const char *subject,
    struct trivet_slice language, json_t *more)
{
    const char *translated = row->text;
    json_t *error;

    if (row->text_nl != NULL && trivet_slice_is(language, "nl_NL")) {
        translated = row->text_nl;
    }

    error = json_pack("{s:o, s:o}", "error_description",
        fill_text(row->text, subject), "error_description_translated",
        fill_text(translated, subject));

    if (more != NULL) {
        trivet_json_put(&error, "error_additional_parameter", more);
    }

    return trivet_message_dump(json_pack("{s:[o]}", "Error", error));
}

struct trivet_body
trivet_message_error(enum trivet_reason reason, const char *subject,
    struct trivet_slice language)
{
    const struct trivet_reason_row *row = trivet_reason_row(reason);

    return dump_error(row, subject, language,
        row->has_link ? json_pack("[{s:s}]", "url_together_post", LINK_466)
                      : NULL);
}

struct trivet_body
trivet_message_error_explained(enum trivet_reason reason,
    struct trivet_slice language, const char *mistake, const char *explanation)
{
    const struct trivet_reason_row *row = trivet_reason_row(reason);
    json_t *explained =
        json_pack("{s:s, s:s}", "mistake", mistake, "explanation", explanation);

    return dump_error(row, NULL, language,
        row->has_link
            ? json_pack("[{s:s}, o]", "url_together_post", LINK_466, explained)
            : json_pack("[o]", explained));
}

struct trivet_body
trivet_message_empty(void)
{
    return dump_response(json_array());
}

json_t *
trivet_message_make_id(int64_t id)
{
    return json_pack("{s:{s:I}}", "Id", "id", (json_int_t) id);
}

static json_t *
make_token(int64_t id, int64_t created_us, const char *token)
{
    char created[TRIVET_TIMESTAMP_SIZE];

    trivet_timestamp_format(created_us, created);

    return json_pack("{s:{s:I, s:s, s:s, s:s}}", "Token", "id", (json_int_t) id,
        "created", created, "updated", created, "token", token);
}

struct trivet_body
trivet_message_id(int64_t id)
{
    return dump_response(json_pack("[o]", trivet_message_make_id(id)));
}

struct trivet_body
trivet_message_installation(int64_t id, int64_t token_id, int64_t created_us,
    const char *token, const char *public_key)
{
    /* The order is read by index: Id, Token, ServerPublicKey. */
    return dump_response(json_pack("[o, o, {s:{s:s}}]",
        trivet_message_make_id(id), make_token(token_id, created_us, token),
        "ServerPublicKey", "server_public_key", public_key));
}

/*
 * The names of a person, out of the one name that is kept: the first word is
 * the first name, the rest the last name.
 */
static void
add_person_names(json_t **object, const char *display_name)
{
    const char *space = strchr(display_name, ' ');
    size_t first_len =
        space == NULL ? strlen(display_name) : (size_t) (space - display_name);
    const char *last = space == NULL ? "" : space + 1;

    trivet_json_put(
        object, "first_name", json_stringn(display_name, first_len));
    trivet_json_put(object, "middle_name", json_string(""));
    trivet_json_put(object, "last_name", json_string(last));
    trivet_json_put(object, "legal_name", json_string(display_name));
    trivet_json_put(object, "date_of_birth", json_string("1990-01-01"));
    trivet_json_put(object, "nationality", json_string("NL"));
}

static void
add_company_names(json_t **object, const char *display_name)
{
    trivet_json_put(object, "name", json_string(display_name));
    trivet_json_put(object, "legal_name", json_string(display_name));
}

static void
add_certificate_names(json_t **object, const struct trivet_user *user)
{
    trivet_json_put(object, "alias",
        json_pack("[{s:s, s:s, s:s}]", "type", "CERTIFICATE_DISTINGUISHED_NAME",
            "value", user->distinguished_name, "name", user->display_name));
    trivet_json_put(object, "certificate_distinguished_name",
        json_string(user->distinguished_name));
}

/* {"UserPerson":{...}}, {"UserCompany":{...}} or
 * {"UserPaymentServiceProvider":{...}}: every field that a known client reads,
 * none null. */
json_t *
trivet_message_make_user(const struct trivet_user *user)
{
    char created[TRIVET_TIMESTAMP_SIZE];
    char updated[TRIVET_TIMESTAMP_SIZE];
    json_t *object;

    trivet_timestamp_format(user->created_us, created);
    trivet_timestamp_format(user->updated_us, updated);

    object = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:[], s:s, s:s, s:s,"
                       " s:s, s:I, s:{s:s, s:s}, s:[], s:[]}",
        "id", (json_int_t) user->id, "created", created, "updated", updated,
        "public_uuid", user->public_uuid, "display_name", user->display_name,
        "public_nick_name", user->display_name, "alias", "status", "ACTIVE",
        "sub_status", "NONE", "language", "en_US", "region", "nl_NL",
        "session_timeout", (json_int_t) user->session_timeout_s,
        "daily_limit_without_confirmation_login", "currency", "EUR", "value",
        "250.00", "notification_filters", "relations");

    switch (user->kind) {
    case TRIVET_USER_PSP:
        add_certificate_names(&object, user);
        return json_pack("{s:o}", "UserPaymentServiceProvider", object);

    case TRIVET_USER_COMPANY:
        add_company_names(&object, user->display_name);
        return json_pack("{s:o}", "UserCompany", object);

    case TRIVET_USER_PERSON:
        break;
    }

    add_person_names(&object, user->display_name);
    return json_pack("{s:o}", "UserPerson", object);
}

struct trivet_body
trivet_message_session(int64_t id, int64_t created_us, const char *token,
    const struct trivet_user *user)
{
    /* The order is read by index: Id, Token, user. */
    return dump_response(json_pack("[o, o, o]", trivet_message_make_id(id),
        make_token(id, created_us, token), trivet_message_make_user(user)));
}

struct trivet_body
trivet_message_user(const struct trivet_user *user)
{
    return dump_response(json_pack("[o]", trivet_message_make_user(user)));
}

struct trivet_body
trivet_message_api_key(const char *api_key)
{
    return dump_response(
        json_pack("[{s:{s:s}}]", "ApiKey", "api_key", api_key));
}

static const char *
credential_status(const struct trivet_psp_credential *credential)
{
    if (credential->is_revoked) {
        return "REVOKED";
    }

    return credential->is_bound ? "ACTIVE" : "PENDING_FIRST_USE";
}

struct trivet_body
trivet_message_psp_credential(const struct trivet_psp_credential *credential)
{
    char created[TRIVET_TIMESTAMP_SIZE];
    char updated[TRIVET_TIMESTAMP_SIZE];
    char expires[TRIVET_TIMESTAMP_SIZE];
    bool has_device = credential->description != NULL;

    trivet_timestamp_format(credential->created_us, created);
    trivet_timestamp_format(credential->updated_us, updated);
    trivet_timestamp_format(credential->expires_us, expires);

    return dump_response(json_pack("[{s:{s:I, s:s, s:s, s:s, s:o, s:s?, s:o}}]",
        "CredentialPasswordIp", "id", (json_int_t) credential->id, "created",
        created, "updated", updated, "status", credential_status(credential),
        "expiry_time",
        credential->is_bound ? json_null() : json_string(expires),
        "token_value", credential->token, "permitted_device",
        has_device ? json_pack("{s:s, s:s}", "description",
            credential->description, "ip", credential->address)
                   : json_null()));
}

struct trivet_body
trivet_message_identity(const struct trivet_identity *identity,
    struct trivet_slice method, struct trivet_slice target, int64_t body_len)
{
    /* A target is whatever bytes the caller sent: not always UTF-8. */
    json_t *path = json_stringn((const char *) target.data, target.len);

    return dump_response(
        json_pack("[{s:{s:I, s:I, s:I, s:I, s:I, s:s%, s:o*, s:I}}]",
            "Identity", "user_id", (json_int_t) identity->user_id, "device_id",
            (json_int_t) identity->device_id, "session_id",
            (json_int_t) identity->session_id, "api_key_id",
            (json_int_t) identity->api_key_id, "installation_id",
            (json_int_t) identity->installation_id, "method", method.data,
            method.len, "path", path, "body_length", (json_int_t) body_len));
}
