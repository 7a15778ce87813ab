/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c - the options of a context, checked and copied */
#define _DEFAULT_SOURCE /* gethostname, realpath, strdup */
#include "client/settings.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/environment.h"
#include "client/place.h"
#include "client/secret_file.h"
#include "client/target.h"
#include "core/address.h"
#include "crypto/token.h"

enum { MAX_EVENT_TEXT = 2048 };

static enum trivet_status
refuse(struct trivet_error *err, const char *text)
{
    return trivet_error_set(err, TRIVET_E_USAGE, "context.open", "%s", text);
}

/* Copies an optional text; false when it is too long. */
static bool
copy(const char *text, char *out, size_t cap)
{
    return text == NULL || snprintf(out, cap, "%s", text) < (int) cap;
}

/* A path whose last part is not there yet, by its folder. */
static bool
copy_new_path(const char *path, char *out, size_t cap)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t) (slash - path) + 1;
    char *folder = len == 0 ? strdup("./") : strndup(path, len);
    char *real = NULL;
    bool is_copied;

    if (folder != NULL) {
        real = realpath(folder, NULL);
    }
    if (real == NULL) {
        is_copied = copy(path, out, cap);
    } else {
        const char *prefix = strcmp(real, "/") == 0 ? "" : real;

        is_copied = snprintf(out, cap, "%s/%s", prefix, path + len) < (int) cap;
    }

    free(real);
    free(folder);
    return is_copied;
}

/* The same for a path, made absolute: it must stay valid in the file, and when
 * the process changes its folder. */
static bool
copy_path(const char *path, char *out, size_t cap)
{
    char *real;
    bool is_copied;

    if (path == NULL) {
        return true;
    }

    real = realpath(path, NULL);
    if (real == NULL) {
        return copy_new_path(path, out, cap);
    }

    is_copied = copy(real, out, cap);
    free(real);
    return is_copied;
}

static enum trivet_status
read_url(const struct trivet_context_options *options,
    struct trivet_settings *out, struct trivet_error *err)
{
    size_t len;

    out->environment = options->environment;
    if (options->base_url != NULL) {
        out->environment = TRIVET_ENVIRONMENT_URL;
    }
    if (out->environment != TRIVET_ENVIRONMENT_URL) {
        (void) copy(trivet_environment_url(out->environment), out->base_url,
            sizeof out->base_url);
        return TRIVET_OK;
    }

    if (options->base_url == NULL
        || !trivet_base_url_is_usable(options->base_url)
        || !copy(options->base_url, out->base_url, sizeof out->base_url))
    {
        return refuse(err, "the base URL must be https://host[:port]/v1");
    }

    len = strlen(out->base_url);
    while (out->base_url[len - 1] == '/') {
        out->base_url[--len] = '\0';
    }

    return TRIVET_OK;
}

/* Quotes around it come from a file for a shell, which would remove them; no
 * key has quotes. */
static struct trivet_slice
without_quotes(struct trivet_slice text)
{
    bool is_quoted = text.len >= 2
                     && (text.data[0] == '"' || text.data[0] == '\'')
                     && text.data[text.len - 1] == text.data[0];

    return is_quoted ? trivet_slice_make(text.data + 1, text.len - 2) : text;
}

/* A whole line of such a file is more than the key. */
static bool
is_assignment(struct trivet_slice text)
{
    return trivet_slice_starts_with(text, "export ")
           || (text.len > 0 && memchr(text.data, '=', text.len) != NULL
               && memchr(text.data, '_', text.len) != NULL
               && text.data[0] >= 'A' && text.data[0] <= 'Z');
}

/* text: one line; blanks, line ends and quotes around it are ignored. */
static enum trivet_status
read_key_text(struct trivet_slice text, struct trivet_secret *out,
    struct trivet_error *err)
{
    text = without_quotes(trivet_slice_trim(text));
    if (is_assignment(text)) {
        return refuse(err, "the API key looks like a line of a shell's file "
                           "(NAME=key): give what is behind the = alone");
    }
    if (text.len == 0 || text.len >= sizeof out->bytes) {
        return refuse(err, "the API key is empty or too long");
    }

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= 0x20 || text.data[i] > 0x7e) {
            return refuse(err, "the API key holds a blank or strange letters");
        }
        if (text.data[i] == '"' || text.data[i] == '\'') {
            return refuse(err, "the API key holds a quotation mark: give the "
                               "key alone");
        }
    }

    memcpy(out->bytes, text.data, text.len);
    out->bytes[text.len] = '\0';
    out->len = text.len;
    return TRIVET_OK;
}

static enum trivet_status
read_key(const struct trivet_context_options *options,
    struct trivet_settings *out, struct trivet_error *err)
{
    struct trivet_buffer text = {0};
    enum trivet_status status;
    int num_sources = (options->api_key != NULL)
                      + (options->api_key_file != NULL)
                      + (options->api_key_fd >= 0);

    if (num_sources == 0) {
        return TRIVET_OK;
    }
    if (num_sources > 1) {
        return refuse(err, "the API key is given more than once");
    }
    if (options->api_key != NULL) {
        return read_key_text(
            trivet_slice_make(options->api_key, options->api_key_len),
            &out->api_key, err);
    }

    /* A group may read it: so are systemd's credentials given out. */
    if (options->api_key_file != NULL) {
        status =
            trivet_secret_file_read(options->api_key_file, 027, &text, err);
    } else {
        status = trivet_input_read(options->api_key_fd, "the API key's input",
            TRIVET_MAX_SECRET_FILE, &text, err);
    }
    if (status == TRIVET_OK) {
        status = read_key_text(trivet_buffer_slice(&text), &out->api_key, err);
    }

    trivet_buffer_free(&text);
    return status;
}

/* The prefix of bunq's keys names their environment: a wrong one is refused
 * before the key is sent. */
static enum trivet_status
check_key_fits(enum trivet_environment environment,
    const struct trivet_secret *api_key, struct trivet_error *err)
{
    bool is_sandbox_key = trivet_slice_starts_with(
        trivet_secret_slice(api_key), TRIVET_SANDBOX_KEY_PREFIX);

    if (api_key->len == 0) {
        return TRIVET_OK;
    }
    if (environment == TRIVET_ENVIRONMENT_PRODUCTION && is_sandbox_key) {
        return trivet_error_set(err, TRIVET_E_CONFLICT, "context.open",
            "this is an API key of the sandbox, and the environment is "
            "production");
    }
    if (environment == TRIVET_ENVIRONMENT_SANDBOX && !is_sandbox_key) {
        return trivet_error_set(err, TRIVET_E_CONFLICT, "context.open",
            "this is no API key of the sandbox (they begin with sandbox_), "
            "and the environment is sandbox");
    }

    return TRIVET_OK;
}

static enum trivet_status
read_ips(const struct trivet_context_options *options,
    struct trivet_settings *out, struct trivet_error *err)
{
    struct trivet_permitted permitted = {0};

    if (options->num_permitted_ips == 0) {
        return TRIVET_OK;
    }

    out->permitted_ips =
        calloc(options->num_permitted_ips, sizeof out->permitted_ips[0]);
    if (out->permitted_ips == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "context.open", "out of memory");
    }

    for (size_t i = 0; i < options->num_permitted_ips; i++) {
        const char *ip = options->permitted_ips[i];

        if (trivet_permitted_add(&permitted, trivet_slice_text(ip))
            != TRIVET_OK) {
            return trivet_error_set(err, TRIVET_E_USAGE, "context.open",
                "%.60s is neither an IP address nor *", ip);
        }

        out->permitted_ips[i] = strdup(ip);
        if (out->permitted_ips[i] == NULL) {
            return trivet_error_set(
                err, TRIVET_E_MEMORY, "context.open", "out of memory");
        }
        out->num_permitted_ips++;
    }

    return TRIVET_OK;
}

/* A link of ours or of root is followed: its target is what gets replaced, and
 * the lock is in its target's folder. A missing folder is no error yet. */
static enum trivet_status
read_file(
    const char *file, struct trivet_settings *out, struct trivet_error *err)
{
    const char *path;
    struct trivet_place place;
    enum trivet_status status = trivet_place_find(file, true, &place, err);

    if (status != TRIVET_OK && status != TRIVET_E_NOT_FOUND) {
        return status;
    }
    if (status == TRIVET_OK) {
        trivet_place_release(&place);
    }
    path = status == TRIVET_OK ? place.path : file;
    if (!copy(path, out->file, sizeof out->file)) {
        return refuse(err, "the path of the context file is too long");
    }

    (void) snprintf(
        out->lock_file, sizeof out->lock_file, "%s.lock", out->file);

    return trivet_throttle_new(out->file, &out->throttle, err);
}

static int
or_default(int value, int fallback)
{
    return value == 0 ? fallback : value;
}

static enum trivet_status
fill(const struct trivet_context_options *options, bool needs_file,
    struct trivet_settings *out, struct trivet_error *err)
{
    if (options->size < sizeof *options) {
        return refuse(
            err, "initialise the options with TRIVET_CONTEXT_OPTIONS_INIT");
    }
    if (needs_file && (options->file == NULL || options->file[0] == '\0')) {
        return refuse(err, "no context file is named");
    }
    if (options->timeout_s < 0 || options->connect_timeout_s < 0) {
        return refuse(err, "a timeout is negative");
    }
    if (!copy(options->description, out->description, sizeof out->description)
        || !copy_path(options->ca_file, out->ca_file, sizeof out->ca_file)
        || !copy(options->proxy, out->proxy, sizeof out->proxy))
    {
        return refuse(err, "description, CA file or proxy is too long");
    }

    out->flags = options->flags;
    out->connect_timeout_s = or_default(
        options->connect_timeout_s, TRIVET_DEFAULT_CONNECT_TIMEOUT_S);
    out->timeout_s = or_default(options->timeout_s, TRIVET_DEFAULT_TIMEOUT_S);
    out->max_wait_s =
        or_default(options->max_wait_s, TRIVET_DEFAULT_MAX_WAIT_S);
    out->max_wait_s = out->max_wait_s < 0 ? 0 : out->max_wait_s;
    out->on_event = options->on_event;
    out->event_arg = options->event_arg;

    if (needs_file) {
        TRIVET_TRY(read_file(options->file, out, err));
    }
    TRIVET_TRY(read_url(options, out, err));
    TRIVET_TRY(read_ips(options, out, err));
    TRIVET_TRY(trivet_pin_set_make(
        options->pins, options->num_pins, options->pin_mode, &out->pins, err));

    return read_key(options, out, err);
}

enum trivet_status
trivet_settings_new(const struct trivet_context_options *options,
    bool needs_file, struct trivet_settings **out, struct trivet_error *err)
{
    struct trivet_settings *settings = calloc(1, sizeof *settings);
    enum trivet_status status;

    if (settings == NULL) {
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "context.open", "out of memory");
    }

    status = fill(options, needs_file, settings, err);
    if (status != TRIVET_OK) {
        trivet_settings_free(settings);
        return status;
    }

    *out = settings;
    return TRIVET_OK;
}

void
trivet_settings_free(struct trivet_settings *settings)
{
    if (settings == NULL) {
        return;
    }

    for (size_t i = 0; i < settings->num_permitted_ips; i++) {
        free(settings->permitted_ips[i]);
    }
    free(settings->permitted_ips);
    trivet_throttle_free(settings->throttle);
    trivet_wipe(settings, sizeof *settings);
    free(settings);
}

/* ---- applied to a record ---------------------------------------------- */

static enum trivet_status
apply_environment(const struct trivet_settings *settings,
    struct trivet_record *record, struct trivet_error *err)
{
    if (settings->environment != TRIVET_ENVIRONMENT_UNSET
        && record->base_url[0] != '\0'
        && strcmp(settings->base_url, record->base_url) != 0)
    {
        return trivet_error_set(err, TRIVET_E_CONFLICT, "context.open",
            "the context file is for %.100s, not for %.100s: use another "
            "context, or begin this one again",
            record->base_url, settings->base_url);
    }

    if (settings->environment != TRIVET_ENVIRONMENT_UNSET) {
        record->environment = settings->environment;
        memcpy(record->base_url, settings->base_url, sizeof record->base_url);
    }
    if (record->base_url[0] == '\0') {
        record->environment = TRIVET_ENVIRONMENT_SANDBOX;
        (void) copy(trivet_environment_url(record->environment),
            record->base_url, sizeof record->base_url);
    }

    return TRIVET_OK;
}

static enum trivet_status
apply_key(const struct trivet_settings *settings, struct trivet_record *record,
    struct trivet_error *err)
{
    const struct trivet_secret *given = &settings->api_key;

    if (given->len == 0) {
        return TRIVET_OK;
    }

    if (record->api_key.len != 0
        && (record->api_key.len != given->len
            || !trivet_ct_equal(
                record->api_key.bytes, given->bytes, given->len)))
    {
        return trivet_error_set(err, TRIVET_E_CONFLICT, "context.open",
            "the context file has another API key than the one given: use "
            "another context, or begin this one again");
    }

    record->api_key = *given;
    return TRIVET_OK;
}

bool
trivet_settings_keep_pins(const struct trivet_settings *settings)
{
    return settings->pins.num_pins > 0
           && (settings->flags & TRIVET_OPEN_PIN_ON_FIRST_USE) == 0;
}

/* Pins that were given beside the first key hold for the first login alone: the
 * file has both. */
static bool
has_first_pins(
    const struct trivet_settings *settings, const struct trivet_record *record)
{
    return !trivet_settings_keep_pins(settings) && record->pins.num_pins > 0
           && record->installation_token.len > 0;
}

enum trivet_status
trivet_settings_apply(const struct trivet_settings *settings,
    struct trivet_record *record, struct trivet_error *err)
{
    char host[64] = "an unnamed host";

    TRIVET_TRY(apply_environment(settings, record, err));
    TRIVET_TRY(apply_key(settings, record, err));
    TRIVET_TRY(check_key_fits(record->environment, &record->api_key, err));

    if (settings->description[0] != '\0') {
        (void) copy(settings->description, record->description,
            sizeof record->description);
    }
    if (record->description[0] == '\0') {
        (void) gethostname(host, sizeof host - 1);
        (void) snprintf(record->description, sizeof record->description,
            "trivet on %s", host);
    }
    if (settings->ca_file[0] != '\0') {
        (void) copy(settings->ca_file, record->ca_file, sizeof record->ca_file);
    }
    if (settings->proxy[0] != '\0') {
        (void) copy(settings->proxy, record->proxy, sizeof record->proxy);
    }
    if (settings->pins.num_pins > 0 && !has_first_pins(settings, record)) {
        record->pins = settings->pins;
    } else if ((settings->flags & TRIVET_OPEN_PIN_MODE) != 0
               || settings->pins.mode != TRIVET_PINS_ENFORCE)
    {
        record->pins.mode = settings->pins.mode;
    }

    return TRIVET_OK;
}

void
trivet_tell(const struct trivet_settings *settings, enum trivet_event_kind kind,
    double seconds, const char *format, ...)
{
    char text[MAX_EVENT_TEXT];
    struct trivet_event event = {kind, text, seconds};
    va_list args;

    if (settings->on_event == NULL) {
        return;
    }

    va_start(args, format);
    (void) vsnprintf(text, sizeof text, format, args);
    va_end(args);
    settings->on_event(settings->event_arg, &event);
}
