/* SPDX-License-Identifier: Apache-2.0 */
/* recording.c - answers that are written down, and given again */
#define _DEFAULT_SOURCE
#include "sidecar/recording.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/encoding.h"
#include "base/file.h"
#include "core/json.h"
#include "core/json_tree.h"
#include "crypto/digest.h"
#include "sidecar/fields.h"
#include "sidecar/nearest_request.h"
#include "sidecar/secrets_cut.h"

enum {
    MAX_NAME = 64,   /* of a file, before its digest */
    NUM_DIGEST = 16, /* characters of it             */
    MAX_FILE = 160 * 1024 * 1024,
    MAX_PATH_HERE = 4096
};

/* A request as it is recorded: without secrets. */
struct request {
    const char *method;
    struct trivet_buffer path;
    struct trivet_buffer body;  /* as it is written            */
    struct trivet_buffer plain; /* as it is compared           */
    char file[MAX_NAME + NUM_DIGEST + 16];
};

static void
release_request(struct request *request)
{
    trivet_buffer_free(&request->path);
    trivet_buffer_free(&request->body);
    trivet_buffer_free(&request->plain);
}

static enum trivet_status
fail(struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_MEMORY, "recording", "out of memory");
}

static enum trivet_status
copy(struct trivet_slice bytes, struct trivet_buffer *out)
{
    *out = trivet_buffer_make(bytes.len);
    TRIVET_TRY(trivet_buffer_reserve(out, bytes.len));

    return trivet_buffer_append(out, bytes);
}

/* A body without its secrets, and in the form that is compared (NULL: that is
 * not wanted). One that is no JSON is as it is. */
static enum trivet_status
cut_body(struct trivet_slice body, struct trivet_buffer *out,
    struct trivet_buffer *out_plain, bool *out_had_secrets)
{
    const size_t flags = JSON_ENCODE_ANY | JSON_COMPACT;
    json_t *root = trivet_json_load(body, JSON_ALLOW_NUL, NULL);
    enum trivet_status status = TRIVET_OK;

    *out_had_secrets = false;
    if (root != NULL) {
        status = trivet_secrets_cut_json(root, out_had_secrets);
    }
    if (status == TRIVET_OK && *out_had_secrets) {
        *out = trivet_json_write(root, flags, 1);
        status = out->data == NULL ? TRIVET_E_MEMORY : TRIVET_OK;
    } else if (status == TRIVET_OK) {
        status = copy(body, out);
    }
    if (status == TRIVET_OK && root != NULL && out_plain != NULL) {
        *out_plain = trivet_json_write(root, flags | JSON_SORT_KEYS, 1);
        status = out_plain->data == NULL ? TRIVET_E_MEMORY : TRIVET_OK;
    } else if (status == TRIVET_OK && out_plain != NULL) {
        status = copy(body, out_plain);
    }

    trivet_json_wipe(root);
    json_decref(root);
    return status;
}

/* METHOD-path-digest.json */
static enum trivet_status
name_file(struct request *request)
{
    unsigned char digest[TRIVET_DIGEST_LEN];
    char hex[2 * TRIVET_DIGEST_LEN + 1];
    struct trivet_digest *work = trivet_digest_new();
    enum trivet_status status;
    char *end;

    if (work == NULL) {
        return TRIVET_E_MEMORY;
    }

    trivet_digest_start(work);
    trivet_digest_add(work, /* each with its NUL */
        trivet_slice_make(request->method, strlen(request->method) + 1));
    trivet_digest_add(
        work, trivet_slice_make(request->path.data, request->path.len + 1));
    trivet_digest_add(work, trivet_buffer_slice(&request->plain));
    status = trivet_digest_finish(work, digest);
    trivet_digest_free(work);
    if (status != TRIVET_OK) {
        return status;
    }

    trivet_hex_encode(trivet_slice_make(digest, sizeof digest), hex);
    (void) snprintf(
        request->file, MAX_NAME, "%s%s", request->method, request->path.data);
    for (end = request->file; *end != '\0'; end++) {
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                   "0123456789_",
                *end)
            == NULL)
        {
            *end = '-';
        }
    }
    (void) snprintf(end, NUM_DIGEST + 16, "-%.16s.json", hex);

    return TRIVET_OK;
}

static enum trivet_status
make_request(const struct trivet_call *call, struct request *out)
{
    struct trivet_slice body = trivet_slice_make("", 0);
    bool had_secrets;

    memset(out, 0, sizeof *out);
    out->method = call->method;
    out->path = trivet_secrets_cut_path(call->path);
    if (call->body_len > 0) {
        body = trivet_slice_make(call->body, call->body_len);
    }
    if (out->path.data == NULL) {
        return TRIVET_E_MEMORY;
    }

    TRIVET_TRY(cut_body(body, &out->body, &out->plain, &had_secrets));

    return name_file(out);
}

/* ---- writing ------------------------------------------------------------ */

static void
put_body(json_t **tree, struct trivet_slice body)
{
    const char *data = body.len == 0 ? "" : (const char *) body.data;
    json_t *text = json_stringn(data, body.len);
    char *encoded;

    if (text != NULL) {
        trivet_json_put(tree, "body", text);
        return;
    }

    encoded = malloc(TRIVET_BASE64_LEN(body.len) + 1);
    if (encoded != NULL) {
        text = json_stringn(encoded, trivet_base64_encode(body, encoded));
    }
    trivet_json_put(tree, "body_base64", text);
    free(encoded);
}

/* Not what belongs to one exchange, is a secret, or is the signature of another
 * body than the one that is written. */
static bool
is_recorded(
    const char *name, const struct trivet_answer *answer, bool had_secrets)
{
    static const char *const never[] = {"Set-Cookie", "Date"};
    struct trivet_slice own = trivet_slice_text(name);

    return !trivet_slice_is_among(own, never, sizeof never / sizeof never[0])
           && trivet_fields_returns(own, trivet_slice_make(NULL, 0),
               had_secrets || answer->was_encrypted);
}

/* A field whose value is not UTF-8 is left out. */
static json_t *
make_headers(const struct trivet_answer *answer, bool had_secrets)
{
    json_t *list = json_array();

    for (size_t i = 0; list != NULL && i < answer->num_headers; i++) {
        const struct trivet_header *header = &answer->headers[i];
        json_t *pair = NULL;

        if (is_recorded(header->name, answer, had_secrets)) {
            pair = json_pack("[s, s]", header->name, header->value);
        }
        if (pair != NULL) {
            trivet_json_append(&list, pair);
        }
    }

    return list;
}

static json_t *
make_tree(const struct request *request, const struct trivet_answer *answer)
{
    json_t *root = json_object();
    json_t *asked = json_object();
    json_t *given = json_object();
    struct trivet_buffer body = {0};
    bool had_secrets;

    if (cut_body(trivet_slice_make(answer->body, answer->body_len), &body, NULL,
            &had_secrets)
        != TRIVET_OK)
    {
        json_decref(given);
        given = NULL;
        had_secrets = true;
    }

    trivet_json_put(&asked, "method", json_string(request->method));
    trivet_json_put(&asked, "path", json_string(request->path.data));
    put_body(&asked, trivet_buffer_slice(&request->body));
    trivet_json_put(
        &given, "status", json_integer((json_int_t) answer->status));
    trivet_json_put(&given, "headers", make_headers(answer, had_secrets));
    if (given != NULL) {
        put_body(&given, trivet_buffer_slice(&body));
    }
    trivet_json_put(&root, "request", asked);
    trivet_json_put(&root, "answer", given);

    trivet_buffer_free(&body);
    return root;
}

enum trivet_status
trivet_recording_write(const char *folder, const struct trivet_call *call,
    const struct trivet_answer *answer, struct trivet_error *err)
{
    char path[MAX_PATH_HERE];
    struct request request;
    struct trivet_buffer text = {0};
    enum trivet_status status = make_request(call, &request);
    json_t *root = NULL;

    if (status == TRIVET_OK) {
        root = make_tree(&request, answer);
        text = trivet_json_write(root, JSON_INDENT(2), 1);
        json_decref(root);
    }
    if (text.data == NULL
        || snprintf(path, sizeof path, "%s/%s", folder, request.file)
               >= (int) sizeof path)
    {
        release_request(&request);
        trivet_buffer_free(&text);
        return fail(err);
    }

    text.data[text.len++] = '\n';
    status =
        trivet_file_replace_whole(path, trivet_buffer_slice(&text), 0600, err);
    trivet_buffer_free(&text);
    release_request(&request);

    return status;
}

/* ---- reading ------------------------------------------------------------ */

static bool
read_headers(struct trivet_recording *recording, const json_t *list)
{
    size_t num = json_array_size(list);

    recording->headers = calloc(num + 1, sizeof recording->headers[0]);
    if (recording->headers == NULL) {
        return false;
    }

    for (size_t i = 0; i < num; i++) {
        const json_t *pair = json_array_get(list, i);
        const char *name = json_string_value(json_array_get(pair, 0));
        const char *value = json_string_value(json_array_get(pair, 1));

        if (name == NULL || value == NULL || strpbrk(name, "\r\n") != NULL
            || strpbrk(value, "\r\n") != NULL)
        {
            return false;
        }
        recording->headers[i] = (struct trivet_header){name, value};
    }

    recording->answer.headers = recording->headers;
    recording->answer.num_headers = num;
    return true;
}

static bool
read_body(struct trivet_recording *recording, const json_t *given)
{
    const json_t *text = json_object_get(given, "body");
    const char *encoded =
        json_string_value(json_object_get(given, "body_base64"));
    struct trivet_buffer *body = &recording->body;
    size_t len;

    if (json_is_string(text)) {
        return copy(trivet_slice_make(
                        json_string_value(text), json_string_length(text)),
                   body)
               == TRIVET_OK;
    }
    if (encoded == NULL) {
        return false;
    }

    len = strlen(encoded);
    *body = trivet_buffer_make(len + 1);
    return trivet_buffer_reserve(body, len + 1) == TRIVET_OK
           && trivet_base64_decode(trivet_slice_make(encoded, len),
                  (unsigned char *) body->data, len + 1, &body->len)
                  == TRIVET_OK;
}

static enum trivet_status
read_answer(struct trivet_recording *recording, struct trivet_slice text,
    const char *path, struct trivet_error *err)
{
    struct trivet_answer *answer = &recording->answer;
    const json_t *given;

    recording->root = trivet_json_load(text, JSON_ALLOW_NUL, NULL);
    given = json_object_get(recording->root, "answer");
    answer->status =
        (unsigned) json_integer_value(json_object_get(given, "status"));
    if (answer->status < 200 || answer->status > 599
        || !read_headers(recording, json_object_get(given, "headers"))
        || !read_body(recording, given))
    {
        return trivet_error_set(
            err, TRIVET_E_MALFORMED, "recording", "%s is no recording", path);
    }

    answer->body = recording->body.data;
    answer->body_len = recording->body.len;
    return TRIVET_OK;
}

static enum trivet_status
read_file(
    const char *path, struct trivet_recording *out, struct trivet_error *err)
{
    static const struct trivet_file_rule rule = {
        .owner = TRIVET_FILE_ANY_OWNER, .content = "a recording"};
    struct trivet_buffer text = trivet_buffer_make(MAX_FILE);
    enum trivet_status status;
    int fd;

    TRIVET_TRY(trivet_file_open_private(path, &rule, &fd, err));
    status = trivet_file_read_all(fd, path, &text, err);
    (void) close(fd);
    if (status == TRIVET_OK) {
        status = read_answer(out, trivet_buffer_slice(&text), path, err);
    } else {
        status = trivet_error_set(
            err, TRIVET_E_MALFORMED, "recording", "%s cannot be read", path);
    }

    trivet_buffer_free(&text);
    return status;
}

enum trivet_status
trivet_recording_find(const char *folder, const struct trivet_call *call,
    struct trivet_recording *out, struct trivet_error *err)
{
    char path[MAX_PATH_HERE];
    struct request request;
    enum trivet_status status;

    memset(out, 0, sizeof *out);
    if (make_request(call, &request) != TRIVET_OK) {
        release_request(&request);
        return fail(err);
    }

    (void) snprintf(path, sizeof path, "%s/%s", folder, request.file);
    status = read_file(path, out, err);
    if (status == TRIVET_E_NOT_FOUND) {
        status = trivet_nearest_request_tell(
            folder, request.method, request.path.data, err);
    }

    release_request(&request);
    return status;
}

void
trivet_recording_release(struct trivet_recording *recording)
{
    json_decref(recording->root);
    recording->root = NULL;
    free(recording->headers);
    recording->headers = NULL;
    trivet_buffer_free(&recording->body);
    memset(&recording->answer, 0, sizeof recording->answer);
}
