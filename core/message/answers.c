/* SPDX-License-Identifier: Apache-2.0 */
/* answers.c - requests written, answers read */
#include "core/json.h"
#include "core/message/answers.h"

#include "core/json_tree.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_TIMEOUT_S = 10 * 366 * 86400 };

/* Whole numbers below it are exact as a double. */
#define MAX_EXACT 9007199254740992.0

const char *const trivet_user_types[TRIVET_NUM_USER_TYPES] = {
    "UserCompany", "UserPerson", "UserPaymentServiceProvider", "UserApiKey"};

/* ---- requests ---------------------------------------------------------- */

void
trivet_request_body_release(struct trivet_request_body *body)
{
    if (body->data != NULL) {
        trivet_wipe(body->data, body->len);
        free(body->data);
    }

    *body = (struct trivet_request_body){NULL, 0};
}

void
trivet_json_wipe(void *tree)
{
    json_t *node = tree;
    const char *key;
    json_t *child;
    size_t i;

    if (json_is_string(node)) {
        /* jansson gives its own memory out as const. */
        trivet_wipe((void *) (uintptr_t) json_string_value(node),
            json_string_length(node));
    }

    json_object_foreach(node, key, child)
    {
        trivet_json_wipe(child);
    }
    json_array_foreach(node, i, child)
    {
        trivet_json_wipe(child);
    }
}

/* Takes root over. Written into memory of our own, in one go: nothing that
 * jansson would free without wiping. */
static struct trivet_request_body
dump(json_t *root)
{
    struct trivet_request_body body = {NULL, 0};
    size_t len = root == NULL ? 0 : json_dumpb(root, NULL, 0, JSON_COMPACT);

    if (len > 0) {
        body.data = malloc(len);
    }
    if (body.data != NULL) {
        body.len = json_dumpb(root, body.data, len, JSON_COMPACT);
    }

    trivet_json_wipe(root);
    json_decref(root);

    return body;
}

struct trivet_request_body
trivet_client_message_installation(const char *public_key)
{
    return dump(json_pack("{s:s}", "client_public_key", public_key));
}

struct trivet_request_body
trivet_client_message_device(const char *description,
    struct trivet_slice api_key, const char *const *permitted_ips,
    size_t num_permitted_ips)
{
    json_t *root = json_pack("{s:s, s:s%}", "description", description,
        "secret", api_key.data, api_key.len);
    json_t *list;

    if (root == NULL || num_permitted_ips == 0) {
        return dump(root);
    }

    list = json_array();
    for (size_t i = 0; i < num_permitted_ips; i++) {
        trivet_json_append(&list, json_string(permitted_ips[i]));
    }
    trivet_json_put(&root, "permitted_ips", list);

    return dump(root);
}

struct trivet_request_body
trivet_client_message_session(struct trivet_slice api_key)
{
    return dump(json_pack("{s:s%}", "secret", api_key.data, api_key.len));
}

/* ---- answers ----------------------------------------------------------- */

static enum trivet_status
miss(struct trivet_error *err, const char *what)
{
    return trivet_error_set(err, TRIVET_E_MALFORMED, "client_message.read",
        "the server's answer %s", what);
}

void *
trivet_client_message_parse(struct trivet_slice body)
{
    json_error_t why;
    json_t *root;

    if (body.len > TRIVET_MAX_PARSED_ANSWER) {
        return NULL;
    }

    root = trivet_json_load(body, 0, &why);

    /* A number past 64 bits, in a field that nothing hangs on, must not make
     * an answer unreadable. */
    return root == NULL && json_error_code(&why) == json_error_numeric_overflow
               ? trivet_json_load(body, JSON_DECODE_INT_AS_REAL, NULL)
               : root;
}

/* The answer's list of elements; *root is to be freed in every case. */
static json_t *
load_response(struct trivet_slice body, json_t **root)
{
    *root = trivet_client_message_parse(body);

    return json_object_get(*root, "Response");
}

/* The object inside the first element of that type, or NULL. */
static json_t *
find_element(const json_t *list, const char *type)
{
    size_t i;
    json_t *element;

    json_array_foreach(list, i, element)
    {
        json_t *object = json_object_get(element, type);

        if (json_is_object(object)) {
            return object;
        }
    }

    return NULL;
}

static bool
copy_text(const json_t *value, char *out, size_t cap)
{
    size_t len = json_string_length(value);

    if (!json_is_string(value) || len >= cap
        || strlen(json_string_value(value)) != len)
    {
        return false;
    }

    memcpy(out, json_string_value(value), len + 1);
    return true;
}

/* A token goes into a header as it is: visible ASCII alone. */
static bool
copy_secret(const json_t *value, struct trivet_secret *out)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);

    if (text == NULL || len == 0 || len >= sizeof out->bytes) {
        return false;
    }

    for (size_t i = 0; i < len; i++) {
        if (text[i] <= 0x20 || text[i] > 0x7e) {
            return false;
        }
    }

    memcpy(out->bytes, text, len + 1);
    out->len = len;
    return true;
}

/* An id: 1 or more, and whole. */
static bool
read_number(const json_t *value, int64_t *out)
{
    double real = json_real_value(value);

    if (json_is_integer(value) && json_integer_value(value) > 0) {
        *out = json_integer_value(value);
        return true;
    }
    if (json_is_real(value) && real >= 1 && real < MAX_EXACT
        && real == (double) (int64_t) real)
    {
        *out = (int64_t) real;
        return true;
    }

    return false;
}

static bool
read_id(const json_t *list, int64_t *out)
{
    return read_number(json_object_get(find_element(list, "Id"), "id"), out);
}

/* A server may say anything. What is no number of seconds says nothing: the
 * session then lasts as long as sessions do, or until a call finds it dead. */
static int64_t
read_timeout(const json_t *value)
{
    double seconds = json_number_value(value); /* 0 for another type */

    if (!(seconds >= TRIVET_MIN_SESSION_TIMEOUT_S)) {
        return TRIVET_DEFAULT_SESSION_TIMEOUT_S;
    }

    return seconds > MAX_TIMEOUT_S ? MAX_TIMEOUT_S : (int64_t) seconds;
}

static bool
read_token(const json_t *list, struct trivet_secret *out)
{
    json_t *token = find_element(list, "Token");

    return copy_secret(json_object_get(token, "token"), out);
}

enum trivet_status
trivet_client_message_read_installation(struct trivet_slice body,
    struct trivet_installation_answer *out, struct trivet_error *err)
{
    enum trivet_status status = TRIVET_OK;
    json_t *root;
    json_t *list = load_response(body, &root);
    json_t *key = find_element(list, "ServerPublicKey");

    memset(out, 0, sizeof *out);
    (void) read_id(list, &out->id); /* nothing hangs on it */

    if (!read_token(list, &out->token)) {
        status = miss(err, "holds no installation token");
    } else if (!copy_text(json_object_get(key, "server_public_key"),
                   out->public_key, sizeof out->public_key))
    {
        status = miss(err, "holds no server public key");
    }

    trivet_json_wipe(find_element(list, "Token"));
    json_decref(root);
    return status;
}

enum trivet_status
trivet_client_message_read_id(
    struct trivet_slice body, int64_t *out, struct trivet_error *err)
{
    json_t *root;
    bool is_read = read_id(load_response(body, &root), out);

    json_decref(root);
    return is_read ? TRIVET_OK : miss(err, "holds no Id");
}

/* On whose behalf a UserApiKey acts; the timeout is that user's. */
static void
read_requester(const json_t *object, struct trivet_holder *out)
{
    const json_t *requester = json_object_get(object, "requested_by_user");

    for (size_t i = 0; i < TRIVET_NUM_USER_TYPES; i++) {
        const json_t *inner = json_object_get(requester, trivet_user_types[i]);

        if (inner == NULL) {
            continue;
        }

        (void) snprintf(out->requester_type, sizeof out->requester_type, "%s",
            trivet_user_types[i]);
        (void) read_number(json_object_get(inner, "id"), &out->requester_id);
        out->session_timeout_s =
            read_timeout(json_object_get(inner, "session_timeout"));
        (void) copy_text(json_object_get(inner, "display_name"), out->name,
            sizeof out->name);
        return;
    }
}

bool
trivet_holder_read(
    const char *type, const void *json_object, struct trivet_holder *out)
{
    const json_t *object = json_object;
    int64_t id;

    if (!read_number(json_object_get(object, "id"), &id)) {
        return false;
    }

    memset(out, 0, sizeof *out);
    (void) snprintf(out->type, sizeof out->type, "%s", type);
    out->id = id;
    out->session_timeout_s =
        read_timeout(json_object_get(object, "session_timeout"));
    (void) copy_text(
        json_object_get(object, "display_name"), out->name, sizeof out->name);
    read_requester(object, out);

    return true;
}

static bool
read_holder(const json_t *list, struct trivet_holder *out)
{
    for (size_t i = 0; i < TRIVET_NUM_USER_TYPES; i++) {
        json_t *object = find_element(list, trivet_user_types[i]);

        if (object != NULL
            && trivet_holder_read(trivet_user_types[i], object, out)) {
            return true;
        }
    }

    return false;
}

enum trivet_status
trivet_client_message_read_session(struct trivet_slice body,
    struct trivet_session_answer *out, struct trivet_error *err)
{
    enum trivet_status status = TRIVET_OK;
    json_t *root;
    json_t *list = load_response(body, &root);

    memset(out, 0, sizeof *out);
    (void) read_id(list, &out->id);

    if (!read_token(list, &out->token)) {
        status = miss(err, "holds no session token");
    } else if (!read_holder(list, &out->holder)) {
        status = miss(err, "names no user with an id");
    }

    trivet_json_wipe(find_element(list, "Token"));
    json_decref(root);
    return status;
}

enum trivet_status
trivet_client_message_read_api_key(struct trivet_slice body,
    struct trivet_secret *out, struct trivet_error *err)
{
    json_t *root;
    json_t *object = find_element(load_response(body, &root), "ApiKey");
    bool is_read = copy_secret(json_object_get(object, "api_key"), out);

    trivet_json_wipe(object);
    json_decref(root);
    return is_read ? TRIVET_OK : miss(err, "holds no API key");
}
