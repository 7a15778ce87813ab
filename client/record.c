/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - what a context file remembers */
#define _DEFAULT_SOURCE /* timegm */
#include "client/record.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/timestamp.h"
#include "client/target.h"
#include "core/json.h"
#include "core/json_tree.h"
#include "core/pem.h"
#include "crypto/key.h"

enum { FORMAT_VERSION = 1 };

/* How SDKs of either spelling call a user's type. */
static const struct {
    const char *type;
    const char *snake;
    const char *camel;
} user_keys[TRIVET_NUM_USER_TYPES] = {
    {"UserCompany", "user_company", "userCompany"},
    {"UserPerson", "user_person", "userPerson"},
    {"UserPaymentServiceProvider", "user_payment_service_provider",
        "userPaymentServiceProvider"},
    {"UserApiKey", "user_api_key", "userApiKey"},
};

static const struct {
    const char *name;
    const char *type; /* in the file */
    const char *url;
} environments[] = {
    [TRIVET_ENVIRONMENT_UNSET] = {"unset", "SANDBOX", ""},
    [TRIVET_ENVIRONMENT_SANDBOX] = {"sandbox", "SANDBOX",
        "https://public-api.sandbox.bunq.com/v1"},
    [TRIVET_ENVIRONMENT_PRODUCTION] = {"production", "PRODUCTION",
        "https://api.bunq.com/v1"},
    /* SDKs know no third one: the nearest. */
    [TRIVET_ENVIRONMENT_URL] = {"gateway", "SANDBOX", ""},
};

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

const char *
trivet_environment_url(enum trivet_environment environment)
{
    return environments[environment].url;
}

const char *
trivet_environment_name(enum trivet_environment environment)
{
    return environments[environment].name;
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
}

/* ---- local time, as the SDKs have it ----------------------------------- */

/* text = YYYY-MM-DD hh:mm:ss[.fraction] in the local zone */
static bool
parse_local(const char *text, int64_t *out_us)
{
    int64_t us;
    time_t seconds;
    struct tm local;

    if (trivet_timestamp_parse(trivet_slice_text(text), &us) != TRIVET_OK) {
        return false;
    }

    /* Its numbers, read as UTC, are broken down and put together locally. */
    seconds = (time_t) (us / TRIVET_US_PER_S);
    (void) gmtime_r(&seconds, &local);
    local.tm_isdst = -1;
    seconds = mktime(&local);
    *out_us = (int64_t) seconds * TRIVET_US_PER_S;

    return true;
}

static void
format_local(int64_t at_us, char out[TRIVET_TIMESTAMP_SIZE])
{
    time_t seconds = (time_t) (at_us / TRIVET_US_PER_S);
    struct tm local;

    (void) localtime_r(&seconds, &local);
    trivet_timestamp_format((int64_t) timegm(&local) * TRIVET_US_PER_S, out);
}

/* ---- reading ----------------------------------------------------------- */

static enum trivet_status
complain(struct trivet_error *err, const char *field)
{
    return trivet_error_set(err, TRIVET_E_MALFORMED, "record.parse",
        "the context file's \"%s\" is missing or not what it should be", field);
}

/* Copies an optional text; false when it is there and does not fit. */
static bool
get_text(const json_t *object, const char *field, char *out, size_t cap)
{
    const json_t *value = json_object_get(object, field);
    const char *text = json_string_value(value);

    if (value == NULL || json_is_null(value)) {
        out[0] = '\0';
        return true;
    }
    if (text == NULL || json_string_length(value) != strlen(text)) {
        return false;
    }

    return snprintf(out, cap, "%s", text) < (int) cap;
}

static bool
get_secret(const json_t *object, const char *field, struct trivet_secret *out)
{
    bool is_read =
        get_text(object, field, (char *) out->bytes, sizeof out->bytes);

    out->len = is_read ? strlen((char *) out->bytes) : 0;

    /* It goes into a header or a body as it is. */
    for (size_t i = 0; i < out->len; i++) {
        is_read = is_read && out->bytes[i] > 0x20 && out->bytes[i] < 0x7f;
    }

    return is_read;
}

/* A key in whatever form -> PKCS#8, 64 columns. */
static bool
normalise_private_key(const char *text, char out[TRIVET_MAX_PRIVATE_KEY_PEM])
{
    char strict[TRIVET_MAX_PRIVATE_KEY_PEM];
    struct trivet_writer writer = trivet_writer_make(strict, sizeof strict);
    struct trivet_private_key *key = NULL;
    bool is_done =
        trivet_pem_rewrap(trivet_slice_text(text), &writer) == TRIVET_OK
        && trivet_private_key_parse(trivet_writer_slice(&writer), &key, NULL)
               == TRIVET_OK
        && trivet_private_key_to_pem(key, out, TRIVET_MAX_PRIVATE_KEY_PEM)
               == TRIVET_OK;

    trivet_private_key_free(key);
    trivet_wipe(strict, sizeof strict);
    return is_done;
}

static bool
normalise_public_key(const char *text, char out[TRIVET_MAX_PUBLIC_KEY_TEXT])
{
    struct trivet_public_key key;

    return trivet_public_key_parse(trivet_slice_text(text), &key, NULL)
               == TRIVET_OK
           && trivet_public_key_to_pem(&key, out, TRIVET_MAX_PUBLIC_KEY_TEXT)
                  == TRIVET_OK;
}

/* Keys that trivet wrote are in their strict form: reading a PEM costs more
 * than the rest of a call does. Who signs with them reads them anyway. */
static bool
take_keys(const char *private_key, const char *server_key, bool is_own,
    struct trivet_record *out)
{
    if (!is_own) {
        return normalise_private_key(private_key, out->private_key)
               && (server_key == NULL
                   || normalise_public_key(server_key, out->server_key));
    }

    return snprintf(
               out->private_key, sizeof out->private_key, "%s", private_key)
               < (int) sizeof out->private_key
           && (server_key == NULL
               || snprintf(
                      out->server_key, sizeof out->server_key, "%s", server_key)
                      < (int) sizeof out->server_key);
}

/* Whether public_key, which may be left out, is private_key's. */
static bool
is_pair(const char *private_key, const json_t *public_key)
{
    char pem[TRIVET_MAX_PUBLIC_KEY_TEXT];
    const char *text = json_string_value(public_key);
    struct trivet_private_key *key = NULL;
    struct trivet_public_key ours;
    struct trivet_public_key given;
    bool is_same;

    if (public_key == NULL || json_is_null(public_key)) {
        return true;
    }

    is_same =
        text != NULL
        && trivet_private_key_parse(trivet_slice_text(private_key), &key, NULL)
               == TRIVET_OK
        && trivet_private_key_public_pem(key, pem, sizeof pem) == TRIVET_OK
        && trivet_public_key_parse(trivet_slice_text(pem), &ours, NULL)
               == TRIVET_OK
        && trivet_public_key_parse(trivet_slice_text(text), &given, NULL)
               == TRIVET_OK
        && ours.der_len == given.der_len
        && memcmp(ours.der, given.der, ours.der_len) == 0;
    trivet_private_key_free(key);

    return is_same;
}

static enum trivet_status
read_installation(const json_t *object, bool is_own, struct trivet_record *out,
    struct trivet_error *err)
{
    const char *private_key =
        json_string_value(json_object_get(object, "private_key_client"));
    const char *server_key =
        json_string_value(json_object_get(object, "public_key_server"));

    if (object == NULL || json_is_null(object)) {
        return TRIVET_OK;
    }
    if (private_key == NULL || !take_keys(private_key, server_key, is_own, out))
    {
        return complain(err, "private_key_client\" or \"public_key_server");
    }
    if (!is_own
        && !is_pair(
            out->private_key, json_object_get(object, "public_key_client")))
    {
        return trivet_error_set(err, TRIVET_E_MALFORMED, "record.parse",
            "the file's \"public_key_client\" is not the public half of its "
            "\"private_key_client\": one of them is another installation's");
    }
    if (!get_secret(object, "token", &out->installation_token)) {
        return complain(err, "installation_context.token");
    }
    /* Between the key pair and the installation there is no token yet. */
    if (out->installation_token.len > 0 && out->server_key[0] == '\0') {
        return complain(err, "public_key_server");
    }

    return TRIVET_OK;
}

static void
read_holder(const json_t *object, struct trivet_holder *out)
{
    for (size_t i = 0; i < TRIVET_NUM_USER_TYPES; i++) {
        const json_t *user = json_object_get(object, user_keys[i].snake);

        if (user == NULL) {
            user = json_object_get(object, user_keys[i].camel);
        }
        if (user != NULL && trivet_holder_read(user_keys[i].type, user, out)) {
            return;
        }
    }

    /* Files from before 2020-09 have the id alone. */
    out->id = json_integer_value(json_object_get(object, "user_id"));
    out->session_timeout_s = TRIVET_DEFAULT_SESSION_TIMEOUT_S;
}

static enum trivet_status
read_session(
    const json_t *object, struct trivet_record *out, struct trivet_error *err)
{
    const char *expiry =
        json_string_value(json_object_get(object, "expiry_time"));

    if (object == NULL || json_is_null(object)) {
        return TRIVET_OK;
    }
    if (!json_is_object(object)
        || !get_secret(object, "token", &out->session_token))
    {
        return complain(err, "session_context.token");
    }
    if (out->session_token.len == 0) {
        return TRIVET_OK;
    }
    if (expiry == NULL || !parse_local(expiry, &out->session_expires_us)) {
        return complain(err, "expiry_time");
    }

    read_holder(object, &out->holder);
    out->has_device = true; /* or there would be no session */

    return TRIVET_OK;
}

/* Left out, or null, which some SDKs write for it. */
static bool
is_absent(const json_t *value)
{
    return value == NULL || json_is_null(value);
}

static enum trivet_status
read_pins(
    const json_t *object, struct trivet_pin_set *out, struct trivet_error *err)
{
    const json_t *list = json_object_get(object, "pins");
    const char *mode = json_string_value(json_object_get(object, "pin_mode"));
    size_t i;
    const json_t *entry;

    if (!is_absent(list)
        && (!json_is_array(list) || json_array_size(list) > TRIVET_MAX_PINS))
    {
        return complain(err, "pins");
    }
    if (!is_absent(json_object_get(object, "pin_mode"))
        && (mode == NULL
            || (strcmp(mode, "report") != 0 && strcmp(mode, "enforce") != 0)))
    {
        return complain(err, "pin_mode");
    }

    json_array_foreach(list, i, entry)
    {
        const char *text = json_string_value(entry);

        if (text == NULL
            || trivet_pin_parse(text, &out->pins[i], NULL) != TRIVET_OK) {
            return complain(err, "pins");
        }
        out->num_pins++;
    }

    out->mode = mode != NULL && strcmp(mode, "report") == 0
                    ? TRIVET_PINS_REPORT
                    : TRIVET_PINS_ENFORCE;
    return TRIVET_OK;
}

static enum trivet_status
read_device(
    const json_t *device, struct trivet_record *out, struct trivet_error *err)
{
    if (is_absent(device)) {
        return TRIVET_OK;
    }
    if (!json_is_integer(device) || json_integer_value(device) < 0) {
        return complain(err, "device_id");
    }

    out->device_id = json_integer_value(device);
    out->has_device = true;
    return TRIVET_OK;
}

static enum trivet_status
read_expiry(
    const json_t *expires, struct trivet_record *out, struct trivet_error *err)
{
    if (is_absent(expires)) {
        return TRIVET_OK;
    }
    if (!json_is_string(expires)
        || trivet_timestamp_parse(trivet_slice_text(json_string_value(expires)),
               &out->session_expires_us)
               != TRIVET_OK)
    {
        return complain(err, "session_expires");
    }

    return TRIVET_OK;
}

static enum trivet_status
read_signing(
    const json_t *signing, struct trivet_record *out, struct trivet_error *err)
{
    const char *text =
        json_is_string(signing) ? json_string_value(signing) : "";

    if (!is_absent(signing) && strcmp(text, "full") != 0
        && strcmp(text, "body") != 0)
    {
        return complain(err, "signing");
    }

    out->scheme =
        strcmp(text, "full") == 0 ? TRIVET_SCHEME_FULL : TRIVET_SCHEME_BODY;
    return TRIVET_OK;
}

/* What only trivet writes. */
static enum trivet_status
read_own(
    const json_t *object, struct trivet_record *out, struct trivet_error *err)
{
    if (is_absent(object)) {
        return TRIVET_OK;
    }
    if (!json_is_object(object)) {
        return complain(err, "trivet");
    }
    if (json_integer_value(json_object_get(object, "version"))
        != FORMAT_VERSION) {
        return trivet_error_set(err, TRIVET_E_MALFORMED, "record.parse",
            "the context file was written by a newer trivet");
    }
    if (!get_text(object, "base_url", out->base_url, sizeof out->base_url)
        || (out->base_url[0] != '\0'
            && !trivet_base_url_is_usable(out->base_url))
        || !get_text(object, "ca_file", out->ca_file, sizeof out->ca_file)
        || !get_text(
            object, "description", out->description, sizeof out->description))
    {
        return complain(err, "trivet");
    }

    TRIVET_TRY(
        read_expiry(json_object_get(object, "session_expires"), out, err));
    TRIVET_TRY(read_device(json_object_get(object, "device_id"), out, err));
    TRIVET_TRY(read_signing(json_object_get(object, "signing"), out, err));

    return read_pins(object, &out->pins, err);
}

static enum trivet_status
read_environment(
    const json_t *root, struct trivet_record *out, struct trivet_error *err)
{
    const char *type =
        json_string_value(json_object_get(root, "environment_type"));

    if (type == NULL) {
        return complain(err, "environment_type");
    }
    if (strcmp(type, "PRODUCTION") == 0) {
        out->environment = TRIVET_ENVIRONMENT_PRODUCTION;
    } else if (strcmp(type, "SANDBOX") == 0) {
        out->environment = TRIVET_ENVIRONMENT_SANDBOX;
    } else {
        return complain(err, "environment_type");
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
    if (!get_secret(root, "api_key", &out->api_key)) {
        return complain(err, "api_key");
    }
    if (!get_text(root, "proxy", out->proxy, sizeof out->proxy)
        || (out->proxy[0] == '\0'
            && !get_text(root, "proxy_url", out->proxy, sizeof out->proxy)))
    {
        return complain(err, "proxy");
    }

    TRIVET_TRY(read_installation(json_object_get(root, "installation_context"),
        json_is_object(json_object_get(root, "trivet")), out, err));
    TRIVET_TRY(
        read_session(json_object_get(root, "session_context"), out, err));
    TRIVET_TRY(read_own(json_object_get(root, "trivet"), out, err));

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
        || is_pair(record->private_key,
            json_object_get(json_object_get(root, "installation_context"),
                "public_key_client"));

    trivet_json_wipe(root);
    json_decref(root);

    return is_good ? TRIVET_OK
                   : trivet_error_set(err, TRIVET_E_MALFORMED, "record.parse",
                       "the private key does not fit the file's "
                       "\"public_key_client\", or cannot be read");
}

/* ---- writing ----------------------------------------------------------- */

/* An empty text is left out. */
static void
put_text(json_t **tree, const char *name, const char *text)
{
    if (text[0] != '\0') {
        trivet_json_put(tree, name, json_string(text));
    }
}

static void
put_secret(json_t **tree, const char *name, const struct trivet_secret *secret)
{
    if (secret->len > 0) {
        trivet_json_put(tree, name,
            json_stringn((const char *) secret->bytes, secret->len));
    }
}

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

/* NULL: memory ran out, or *out_status is not TRIVET_OK. */
static json_t *
format_installation(
    const struct trivet_record *record, enum trivet_status *out_status)
{
    char public_key[TRIVET_MAX_PUBLIC_KEY_TEXT];
    struct trivet_private_key *key = NULL;
    json_t *tree = NULL;

    *out_status = trivet_private_key_parse(
        trivet_slice_text(record->private_key), &key, NULL);
    if (*out_status == TRIVET_OK) {
        *out_status =
            trivet_private_key_public_pem(key, public_key, sizeof public_key);
    }
    trivet_private_key_free(key);
    if (*out_status != TRIVET_OK) {
        return NULL;
    }

    tree = json_object();
    put_secret(&tree, "token", &record->installation_token);
    put_text(&tree, "private_key_client", record->private_key);
    put_text(&tree, "public_key_client", public_key);
    put_text(&tree, "public_key_server", record->server_key);

    return tree;
}

/* The least that makes every SDK load the file. */
static json_t *
format_holder(const struct trivet_holder *holder)
{
    json_t *inner;

    if (holder->requester_type[0] == '\0') {
        return json_pack("{s:I, s:s, s:I}", "id", (json_int_t) holder->id,
            "display_name", holder->name, "session_timeout",
            (json_int_t) holder->session_timeout_s);
    }

    inner = json_pack("{s:I, s:s, s:I}", "id",
        (json_int_t) holder->requester_id, "display_name", holder->name,
        "session_timeout", (json_int_t) holder->session_timeout_s);

    return json_pack("{s:I, s:{s:o}}", "id", (json_int_t) holder->id,
        "requested_by_user", holder->requester_type, inner);
}

static json_t *
format_session(const struct trivet_record *record)
{
    char expiry[TRIVET_TIMESTAMP_SIZE];
    json_t *session = json_object();

    format_local(record->session_expires_us, expiry);
    put_secret(&session, "token", &record->session_token);
    put_text(&session, "expiry_time", expiry);
    trivet_json_put(
        &session, "user_id", json_integer((json_int_t) record->holder.id));

    for (size_t i = 0; i < TRIVET_NUM_USER_TYPES; i++) {
        if (strcmp(record->holder.type, user_keys[i].type) == 0) {
            trivet_json_put(
                &session, user_keys[i].snake, format_holder(&record->holder));
            trivet_json_put(
                &session, user_keys[i].camel, format_holder(&record->holder));
        }
    }

    return session;
}

static json_t *
format_pins(const struct trivet_pin_set *pins)
{
    json_t *list = json_array();

    for (size_t i = 0; i < pins->num_pins; i++) {
        char pin[TRIVET_PIN_DATED_SIZE];

        trivet_pin_format_dated(&pins->pins[i], pin);
        trivet_json_append(&list, json_string(pin));
    }

    return list;
}

static json_t *
format_own(const struct trivet_record *record)
{
    const struct trivet_pin_set *pins = &record->pins;
    char text[TRIVET_TIMESTAMP_SIZE];
    json_t *own = json_object();

    trivet_json_put(&own, "version", json_integer(FORMAT_VERSION));
    trivet_json_put(&own, "base_url", json_string(record->base_url));
    put_text(&own, "description", record->description);
    put_text(&own, "ca_file", record->ca_file);
    if (record->has_device) {
        trivet_json_put(&own, "device_id", json_integer(record->device_id));
    }
    if (record->session_token.len > 0) {
        trivet_timestamp_format(record->session_expires_us, text);
        put_text(&own, "session_expires", text);
    }
    if (record->scheme == TRIVET_SCHEME_FULL) {
        put_text(&own, "signing", "full");
    }
    if (pins->num_pins > 0) {
        trivet_json_put(&own, "pins", format_pins(pins));
        put_text(&own, "pin_mode",
            pins->mode == TRIVET_PINS_REPORT ? "report" : "enforce");
    }

    return own;
}

/* The whole tree; NULL: memory ran out, or *out_status is not TRIVET_OK. */
static json_t *
format_root(const struct trivet_record *record, enum trivet_status *out_status)
{
    json_t *root = json_object();

    *out_status = TRIVET_OK;
    put_text(&root, "environment_type", environments[record->environment].type);
    put_secret(&root, "api_key", &record->api_key);
    if (record->private_key[0] != '\0') {
        trivet_json_put(&root, "installation_context",
            format_installation(record, out_status));
    }
    if (record->session_token.len > 0) {
        trivet_json_put(&root, "session_context", format_session(record));
    }
    put_text(&root, "proxy", record->proxy);
    put_text(&root, "proxy_url", record->proxy);
    trivet_json_put(&root, "trivet", format_own(record));

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

    return bad == NULL
               ? format_checked(record, out, err)
               : trivet_error_set(err, TRIVET_E_MALFORMED, "record.format",
                   "the %s is not UTF-8: no context file can hold it", bad);
}
