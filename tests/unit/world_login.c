/* SPDX-License-Identifier: Apache-2.0 */
/* world_login.c - the three steps of a client, and what its session may do */
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/world.h"

void
copy_token(char out[TRIVET_TOKEN_LEN + 1], const char *token)
{
    assert_int_equal(strlen(token), TRIVET_TOKEN_LEN);
    memcpy(out, token, TRIVET_TOKEN_LEN + 1);
}

void
get_api_key(struct client *client)
{
    struct sent sent;
    struct trivet_answer answer;
    json_t *root;
    const char *key;

    make_request(&sent, "POST", "/v1/sandbox-user-person", NULL, NULL, "");
    answer = ask_admitted(&sent);
    root = parse_answer(&answer);
    assert_int_equal(json_unpack(root, "{s:[{s:{s:s!}!}!]!}", "Response",
                         "ApiKey", "api_key", &key),
        0);
    copy_token(client->api_key, key);
    json_decref(root);
    trivet_answer_release(&answer);
}

void
make_installation_body(const struct client *client, char out[MAX_WORLD_BODY])
{
    json_t *root = json_pack("{s:s}", "client_public_key", client->pem);
    char *text = json_dumps(root, 0);

    (void) snprintf(out, MAX_WORLD_BODY, "%s", text);
    free(text);
    json_decref(root);
}

void
install_from(struct client *client, const char *address)
{
    struct sent sent;
    struct trivet_answer answer;
    char body[MAX_WORLD_BODY];
    json_t *root;
    const char *token;
    const char *pem;

    make_installation_body(client, body);
    make_request(&sent, "POST", "/v1/installation", NULL, NULL, body);
    set_address(&sent, address);
    answer = ask_admitted(&sent);
    root = parse_answer(&answer);
    assert_int_equal(
        json_unpack(root, "{s:[{s:{s:I}}, {s:{s:s}}, {s:{s:s}}]}", "Response",
            "Id", "id", &client->installation_id, "Token", "token", &token,
            "ServerPublicKey", "server_public_key", &pem),
        0);
    copy_token(client->installation_token, token);
    (void) snprintf(client->server_pem, sizeof client->server_pem, "%s", pem);
    json_decref(root);
    trivet_answer_release(&answer);
}

void
make_device(struct sent *sent, const struct client *client,
    const char *permitted, const char *address)
{
    char body[MAX_WORLD_BODY];

    (void) snprintf(body, sizeof body,
        "{\"description\":\"a device\",\"secret\":\"%s\"%s%s}", client->api_key,
        permitted == NULL ? "" : ",\"permitted_ips\":",
        permitted == NULL ? "" : permitted);
    make_request(sent, "POST", "/v1/device-server", client->installation_token,
        client, body);
    set_address(sent, address);
}

void
make_session(
    struct sent *sent, const struct client *client, const char *address)
{
    char body[MAX_WORLD_BODY];

    (void) snprintf(body, sizeof body, "{\"secret\":\"%s\"}", client->api_key);
    make_request(sent, "POST", "/v1/session-server", client->installation_token,
        client, body);
    set_address(sent, address);
}

void
register_from(struct client *client, const char *permitted, const char *address)
{
    struct sent sent;
    struct trivet_answer answer;
    json_t *root;

    make_device(&sent, client, permitted, address);
    answer = ask_admitted(&sent);
    root = parse_answer(&answer);
    assert_int_equal(json_unpack(root, "{s:[{s:{s:I!}!}!]!}", "Response", "Id",
                         "id", &client->device_id),
        0);
    json_decref(root);
    trivet_answer_release(&answer);
}

void
open_session_from(struct client *client, const char *address)
{
    struct sent sent;
    struct trivet_answer answer;
    json_t *root;
    const char *token;

    make_session(&sent, client, address);
    answer = ask_admitted(&sent);
    root = parse_answer(&answer);
    assert_int_equal(json_unpack(root, "{s:[{s:{s:I}}, {s:{s:s}}, {s:{s:I}}]}",
                         "Response", "Id", "id", &client->session_id, "Token",
                         "token", &token, "UserPerson", "id", &client->user_id),
        0);
    copy_token(client->session_token, token);
    json_decref(root);
    trivet_answer_release(&answer);
}

void
log_in(struct client *client)
{
    get_api_key(client);
    install_from(client, HOME);
    register_from(client, NULL, HOME);
    open_session_from(client, HOME);
}

void
assert_works_from(const struct client *client, const char *address)
{
    struct sent sent;

    make_protected(&sent, client);
    set_address(&sent, address);
    assert_admitted(&sent);
}

TRIVET_PRINTF(1, 2)
int64_t
operate(const char *format, ...)
{
    char sql[MAX_WORLD_TEXT];
    va_list arguments;

    va_start(arguments, format);
    (void) vsnprintf(sql, sizeof sql, format, arguments);
    va_end(arguments);

    return scratch_sql(&world.scratch, sql);
}
