/* SPDX-License-Identifier: Apache-2.0 */
/* console_client.c - the console's API, as a command of this machine asks it */
#define _DEFAULT_SOURCE
#include "cli/serve/console_client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authority/operator/tokens.h"
#include "base/buffer.h"
#include "cli/serve/console.h"
#include "core/json.h"
#include "core/json_tree.h"

enum {
    MAX_ANSWER = 32 * 1024 * 1024, /* bytes */
    TIMEOUT_MS = 10000,
    MAX_URL = CLI_MAX_PATH + CLI_MAX_CONSOLE
};

struct cli_console {
    CURL *curl;
    struct curl_slist *fields;
    char base[CLI_MAX_CONSOLE + 16]; /* of URLs */
    char socket[CLI_MAX_CONSOLE];    /* "": none */
    char ca[CLI_MAX_PATH];
    struct trivet_buffer answer;
};

static size_t
take(char *data, size_t size, size_t num, void *user)
{
    struct trivet_buffer *answer = user;

    return trivet_buffer_append(answer, trivet_slice_make(data, size * num))
                   == TRIVET_OK
               ? size * num
               : 0;
}

/* ---- one exchange ------------------------------------------------------ */

static enum trivet_status
refuse(struct cli_console *console, long status, struct trivet_error *err)
{
    json_t *root =
        trivet_json_load(trivet_buffer_slice(&console->answer), 0, NULL);
    const json_t *error = json_array_get(json_object_get(root, "Error"), 0);
    const char *text =
        json_string_value(json_object_get(error, "error_description"));
    enum trivet_status result;

    if (text == NULL) {
        text = "refused";
    }
    result = trivet_error_set(
        err, TRIVET_E_REFUSED, "console", "%s (%ld)", text, status);

    json_decref(root);
    return result;
}

/* body NULL: a GET; "": a DELETE. */
static void
choose_method(struct cli_console *console, const char *body)
{
    CURL *curl = console->curl;

    (void) curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, NULL);
    (void) curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    if (body != NULL && body[0] == '\0') {
        (void) curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "DELETE");
    } else if (body != NULL) {
        (void) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
}

static enum trivet_status
exchange(struct cli_console *console, const char *path, const char *body,
    struct trivet_error *err)
{
    char url[MAX_URL];
    CURLcode code;
    long status = 0;

    (void) snprintf(url, sizeof url, "%s%s", console->base, path);
    (void) curl_easy_setopt(console->curl, CURLOPT_URL, url);
    choose_method(console, body);

    trivet_buffer_free(&console->answer);
    console->answer = trivet_buffer_make(MAX_ANSWER);
    code = curl_easy_perform(console->curl);
    if (code != CURLE_OK) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "console", "%s: %s",
            url, curl_easy_strerror(code));
    }

    (void) curl_easy_getinfo(console->curl, CURLINFO_RESPONSE_CODE, &status);

    return status == 200 ? TRIVET_OK : refuse(console, status, err);
}

/* ---- logging in -------------------------------------------------------- */

/* A socket, or a port of this machine. */
static void
take_place(struct cli_console *console, const char *url)
{
    if (strncmp(url, "unix:", 5) == 0) {
        (void) snprintf(console->socket, sizeof console->socket, "%.*s",
            (int) sizeof console->socket - 1, url + 5);
        url = "https://localhost";
    }

    (void) snprintf(console->base, sizeof console->base, "%s", url);
}

static void
set_options(struct cli_console *console)
{
    CURL *curl = console->curl;

    (void) curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void) curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void) curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long) TIMEOUT_MS);
    (void) curl_easy_setopt(curl, CURLOPT_HTTPHEADER, console->fields);
    (void) curl_easy_setopt(curl, CURLOPT_COOKIEFILE, ""); /* in memory */
    (void) curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    (void) curl_easy_setopt(curl, CURLOPT_WRITEDATA, &console->answer);
    if (console->socket[0] != '\0') {
        (void) curl_easy_setopt(
            curl, CURLOPT_UNIX_SOCKET_PATH, console->socket);
    }
    if (access(console->ca, F_OK) == 0) {
        (void) curl_easy_setopt(curl, CURLOPT_CAINFO, console->ca);
        (void) curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
}

static enum trivet_status
make_request(struct cli_console *console, struct trivet_error *err)
{
    struct curl_slist *first =
        curl_slist_append(NULL, "Content-Type: application/json");

    console->fields = curl_slist_append(first, "X-Trivet-Console: 1");
    console->curl = curl_easy_init();
    if (console->fields == NULL || console->curl == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "console", "out of memory");
    }

    set_options(console);
    return TRIVET_OK;
}

static enum trivet_status
log_in(
    struct cli_console *console, const char *tokens, struct trivet_error *err)
{
    struct trivet_console_token token;
    char body[256];
    enum trivet_status status;

    TRIVET_TRY(
        trivet_console_tokens_get(tokens, TRIVET_ROLE_VIEW, &token, err));
    TRIVET_TRY(make_request(console, err));

    (void) snprintf(body, sizeof body, "{\"token\":\"%.200s\"}",
        (const char *) token.token.bytes);
    status = exchange(console, "/api/login", body, err);
    trivet_wipe(body, sizeof body);
    trivet_secret_wipe(&token.token);

    return status;
}

/* The page's key, which each call brings from now on. */
static enum trivet_status
take_key(struct cli_console *console, struct trivet_error *err)
{
    json_t *root =
        trivet_json_load(trivet_buffer_slice(&console->answer), 0, NULL);
    const char *key = NULL;
    char field[TRIVET_MAX_SECRET + 64] = "";
    struct curl_slist *fields = NULL;

    if (json_unpack(
            root, "{s:[{s:{s:s}}]}", "Response", "Operator", "page_key", &key)
            == 0
        && strlen(key) < TRIVET_MAX_SECRET)
    {
        (void) snprintf(field, sizeof field, "X-Trivet-Console-Key: %s", key);
        fields = curl_slist_append(console->fields, field);
    }
    if (fields != NULL) {
        console->fields = fields;
        (void) curl_easy_setopt(console->curl, CURLOPT_HTTPHEADER, fields);
    }
    trivet_wipe(field, sizeof field);
    trivet_json_wipe(root);
    json_decref(root);

    return fields != NULL ? TRIVET_OK
                          : trivet_error_set(err, TRIVET_E_INTERNAL, "console",
                              "the answer cannot be read");
}

enum trivet_status
cli_console_open(const struct cli_data_options *data, struct cli_console **out,
    struct trivet_error *err)
{
    struct cli_console *console = calloc(1, sizeof *console);
    char dir[CLI_MAX_PATH];
    char path[CLI_MAX_PATH];
    char url[CLI_MAX_CONSOLE + 16];
    enum trivet_status status;

    *out = console;
    if (console == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "console", "out of memory");
    }

    TRIVET_TRY(cli_data_dir(data, dir, err));
    TRIVET_TRY(cli_data_path(dir, "ca.pem", console->ca, err));
    TRIVET_TRY(cli_data_path(dir, CLI_CONSOLE_URL, path, err));
    status = cli_read_file(path, url, sizeof url, NULL);
    if (status != TRIVET_OK) {
        return trivet_error_set(err, TRIVET_E_NOT_FOUND, "console",
            "%s: no console there; \"trivet serve --console\" has one", dir);
    }

    take_place(console, url);
    TRIVET_TRY(cli_data_path(dir, CLI_CONSOLE_TOKENS, path, err));

    TRIVET_TRY(log_in(console, path, err));

    return take_key(console, err);
}

void
cli_console_close(struct cli_console *console)
{
    if (console == NULL) {
        return;
    }

    if (console->curl != NULL) {
        (void) exchange(console, "/api/login", "", NULL);
    }
    curl_easy_cleanup(console->curl);
    curl_slist_free_all(console->fields);
    trivet_buffer_free(&console->answer);
    free(console);
}

/* ---- asking ------------------------------------------------------------ */

enum trivet_status
cli_console_get(struct cli_console *console, const char *path,
    json_t **out_rows, struct trivet_error *err)
{
    json_t *root;

    *out_rows = NULL;
    TRIVET_TRY(exchange(console, path, NULL, err));

    root = trivet_json_load(trivet_buffer_slice(&console->answer), 0, NULL);
    *out_rows = json_incref(json_object_get(root, "Response"));
    json_decref(root);
    if (*out_rows == NULL) {
        return trivet_error_set(
            err, TRIVET_E_INTERNAL, "console", "the answer cannot be read");
    }

    return TRIVET_OK;
}
