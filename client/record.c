/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - what a context file remembers, as a whole */
#include "client/record.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/environment.h"
#include "client/record_field.h"
#include "client/record_installation.h"
#include "client/record_own.h"
#include "client/record_session.h"
#include "core/json.h"
#include "core/json_tree.h"

struct trivet_record *
trivet_record_new(void)
{
    return calloc(1, sizeof(struct trivet_record));
}

void
trivet_record_free(struct trivet_record *record)
{
    if (record == NULL) {
        return;
    }

    trivet_wipe(record, sizeof *record);
    free(record);
}

void
trivet_record_drop_session(struct trivet_record *record)
{
    trivet_secret_wipe(&record->session_token);
    record->session_expires_us = 0;
}

void
trivet_record_reset(struct trivet_record *record)
{
    trivet_record_drop_session(record);
    trivet_secret_wipe(&record->installation_token);
    trivet_wipe(record->private_key, sizeof record->private_key);
    memset(record->server_key, 0, sizeof record->server_key);
    record->scheme = TRIVET_SCHEME_BODY;
    memset(&record->holder, 0, sizeof record->holder);
    record->has_device = false;
    record->device_id = 0;
    record->pins_issued_us = 0; /* by another server key */
    record->pins_asked_us = 0;
}

/* ---- reading ----------------------------------------------------------- */

static enum trivet_status
read_environment(
    const json_t *root, struct trivet_record *out, struct trivet_error *err)
{
    const char *type =
        json_string_value(json_object_get(root, "environment_type"));

    if (type == NULL
        || trivet_environment_of_type(type, &out->environment) != TRIVET_OK)
    {
        return trivet_field_refuse(err, "environment_type");
    }

    if (out->base_url[0] == '\0') {
        (void) snprintf(out->base_url, sizeof out->base_url, "%s",
            trivet_environment_url(out->environment));
    } else if (strcmp(out->base_url, trivet_environment_url(out->environment))
               != 0) {
        out->environment = TRIVET_ENVIRONMENT_URL;
    }

    return TRIVET_OK;
}

static enum trivet_status
read_root(
    const json_t *root, struct trivet_record *out, struct trivet_error *err)
{
    if (!json_is_object(root)) {
        return trivet_error_set(err, TRIVET_E_MALFORMED, "record.parse",
            "the context file is not a JSON object");
    }
    if (!trivet_field_get_secret(root, "api_key", &out->api_key)) {
        return trivet_field_refuse(err, "api_key");
    }
    if (!trivet_field_get_text(root, "proxy", out->proxy, sizeof out->proxy)
        || (out->proxy[0] == '\0'
            && !trivet_field_get_text(
                root, "proxy_url", out->proxy, sizeof out->proxy)))
    {
        return trivet_field_refuse(err, "proxy");
    }

    TRIVET_TRY(trivet_record_read_installation(
        json_object_get(root, "installation_context"),
        json_is_object(json_object_get(root, "trivet")), out, err));
    TRIVET_TRY(trivet_record_read_session(
        json_object_get(root, "session_context"), out, err));
    TRIVET_TRY(
        trivet_record_read_own(json_object_get(root, "trivet"), out, err));

    return read_environment(root, out, err);
}

enum trivet_status
trivet_record_parse(struct trivet_slice text, struct trivet_record *out,
    struct trivet_error *err)
{
    struct trivet_record record;
    enum trivet_status status;
    json_t *root;

    memset(&record, 0, sizeof record);

    /* Some editors put a byte order mark in front. */
    if (trivet_slice_starts_with(text, "\xef\xbb\xbf")) {
        text = trivet_slice_after(text, 3);
    }

    /* Of two values for one name another reader may take the other. */
    root = trivet_json_load(text, JSON_REJECT_DUPLICATES, NULL);
    status = read_root(root, &record, err);
    trivet_json_wipe(root);
    json_decref(root);
    if (status == TRIVET_OK) {
        *out = record;
    }

    trivet_wipe(&record, sizeof record);
    return status;
}

enum trivet_status
trivet_record_check_pair(struct trivet_slice text,
    const struct trivet_record *record, struct trivet_error *err)
{
    json_t *root = trivet_json_load(text, JSON_REJECT_DUPLICATES, NULL);
    bool is_good =
        record->private_key[0] == '\0'
        || trivet_record_is_pair(record->private_key,
            json_object_get(json_object_get(root, "installation_context"),
                "public_key_client"));

    trivet_json_wipe(root);
    json_decref(root);

    if (!is_good) {
        return trivet_error_set(err, TRIVET_E_MALFORMED, "record.parse",
            "the private key does not fit the file's \"public_key_client\", or "
            "cannot be read");
    }

    return TRIVET_OK;
}

/* ---- writing ----------------------------------------------------------- */

/* The name of a text that is not UTF-8, or NULL. */
static const char *
find_bad_text(const struct trivet_record *record)
{
    const struct {
        const char *name;
        const char *text;
    } texts[] = {
        {"API key", (const char *) record->api_key.bytes},
        {"installation token", (const char *) record->installation_token.bytes},
        {"session token", (const char *) record->session_token.bytes},
        {"server's key", record->server_key},
        {"user's name", record->holder.name},
        {"base URL", record->base_url},
        {"description", record->description},
        {"CA file's path", record->ca_file},
        {"proxy", record->proxy},
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *value = json_string(texts[i].text);

        trivet_json_wipe(value);
        json_decref(value);
        if (value == NULL) {
            return texts[i].name;
        }
    }

    return NULL;
}

/* The whole tree; NULL: memory ran out, or *out_status is not TRIVET_OK. */
static json_t *
format_root(const struct trivet_record *record, enum trivet_status *out_status)
{
    json_t *root = json_object();

    *out_status = TRIVET_OK;
    trivet_field_put_text(&root, "environment_type",
        trivet_environment_type(record->environment));
    trivet_field_put_secret(&root, "api_key", &record->api_key);
    if (record->private_key[0] != '\0') {
        trivet_json_put(&root, "installation_context",
            trivet_record_format_installation(record, out_status));
    }
    if (record->session_token.len > 0) {
        trivet_json_put(
            &root, "session_context", trivet_record_format_session(record));
    }
    trivet_field_put_text(&root, "proxy", record->proxy);
    trivet_field_put_text(&root, "proxy_url", record->proxy);
    trivet_json_put(&root, "trivet", trivet_record_format_own(record));

    return root;
}

/* The tree as text, with a line end. False: memory ran out. */
static bool
dump(const json_t *root, struct trivet_buffer *out)
{
    const size_t flags = JSON_INDENT(2);
    size_t len = json_dumpb(root, NULL, 0, flags);
    struct trivet_buffer text = trivet_buffer_make(len + 1);

    if (len == 0 || trivet_buffer_reserve(&text, len + 1) != TRIVET_OK
        || json_dumpb(root, text.data, len, flags) != len)
    {
        trivet_buffer_free(&text);
        return false;
    }

    text.data[len] = '\n';
    text.data[len + 1] = '\0';
    text.len = len + 1;
    *out = text;
    return true;
}

static enum trivet_status
format_checked(const struct trivet_record *record, struct trivet_buffer *out,
    struct trivet_error *err)
{
    enum trivet_status status;
    json_t *root = format_root(record, &status);
    bool is_written = root != NULL && dump(root, out);

    trivet_json_wipe(root);
    json_decref(root);

    if (status != TRIVET_OK && status != TRIVET_E_MEMORY) {
        return trivet_error_set(err, status, "record.format",
            "the context file's private key cannot be read");
    }
    if (!is_written) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "record.format", "out of memory");
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_record_format(const struct trivet_record *record,
    struct trivet_buffer *out, struct trivet_error *err)
{
    const char *bad = find_bad_text(record);

    if (bad != NULL) {
        return trivet_error_set(err, TRIVET_E_MALFORMED, "record.format",
            "the %s is not UTF-8: no context file can hold it", bad);
    }

    return format_checked(record, out, err);
}
