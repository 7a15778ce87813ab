/* SPDX-License-Identifier: Apache-2.0 */
/* record_own.c - "trivet" of a context file: what only trivet writes */
#include "client/record_own.h"

#include <string.h>

#include "base/timestamp.h"
#include "client/record_field.h"
#include "client/target.h"
#include "core/json_tree.h"

enum { FORMAT_VERSION = 1 };

static enum trivet_status
read_pins(
    const json_t *object, struct trivet_pin_set *out, struct trivet_error *err)
{
    const json_t *list = json_object_get(object, "pins");
    const char *mode = json_string_value(json_object_get(object, "pin_mode"));
    size_t i;
    const json_t *entry;

    if (!trivet_field_is_absent(list)
        && (!json_is_array(list) || json_array_size(list) > TRIVET_MAX_PINS))
    {
        return trivet_field_refuse(err, "pins");
    }
    if (!trivet_field_is_absent(json_object_get(object, "pin_mode"))
        && (mode == NULL
            || (strcmp(mode, "report") != 0 && strcmp(mode, "enforce") != 0)))
    {
        return trivet_field_refuse(err, "pin_mode");
    }

    json_array_foreach(list, i, entry)
    {
        const char *text = json_string_value(entry);

        if (text == NULL
            || trivet_pin_parse(text, &out->pins[i], NULL) != TRIVET_OK) {
            return trivet_field_refuse(err, "pins");
        }
        out->num_pins++;
    }

    out->mode = TRIVET_PINS_ENFORCE;
    if (mode != NULL && strcmp(mode, "report") == 0) {
        out->mode = TRIVET_PINS_REPORT;
    }
    return TRIVET_OK;
}

static enum trivet_status
read_device(
    const json_t *device, struct trivet_record *out, struct trivet_error *err)
{
    if (trivet_field_is_absent(device)) {
        return TRIVET_OK;
    }
    if (!json_is_integer(device) || json_integer_value(device) < 0) {
        return trivet_field_refuse(err, "device_id");
    }

    out->device_id = json_integer_value(device);
    out->has_device = true;
    return TRIVET_OK;
}

static enum trivet_status
read_time(const json_t *object, const char *name, int64_t *out_us,
    struct trivet_error *err)
{
    const json_t *time = json_object_get(object, name);

    if (trivet_field_is_absent(time)) {
        return TRIVET_OK;
    }
    if (!json_is_string(time)
        || trivet_timestamp_parse(
               trivet_slice_text(json_string_value(time)), out_us)
               != TRIVET_OK)
    {
        return trivet_field_refuse(err, name);
    }

    return TRIVET_OK;
}

static enum trivet_status
read_signing(
    const json_t *signing, struct trivet_record *out, struct trivet_error *err)
{
    const char *text =
        json_is_string(signing) ? json_string_value(signing) : "";

    if (!trivet_field_is_absent(signing) && strcmp(text, "full") != 0
        && strcmp(text, "body") != 0)
    {
        return trivet_field_refuse(err, "signing");
    }

    out->scheme =
        strcmp(text, "full") == 0 ? TRIVET_SCHEME_FULL : TRIVET_SCHEME_BODY;
    return TRIVET_OK;
}

enum trivet_status
trivet_record_read_own(
    const json_t *object, struct trivet_record *out, struct trivet_error *err)
{
    if (trivet_field_is_absent(object)) {
        return TRIVET_OK;
    }
    if (!json_is_object(object)) {
        return trivet_field_refuse(err, "trivet");
    }
    if (json_integer_value(json_object_get(object, "version"))
        != FORMAT_VERSION) {
        return trivet_error_set(err, TRIVET_E_MALFORMED, "record.parse",
            "the context file was written by a newer trivet");
    }
    if (!trivet_field_get_text(
            object, "base_url", out->base_url, sizeof out->base_url)
        || (out->base_url[0] != '\0'
            && !trivet_base_url_is_usable(out->base_url))
        || !trivet_field_get_text(
            object, "ca_file", out->ca_file, sizeof out->ca_file)
        || !trivet_field_get_text(
            object, "description", out->description, sizeof out->description))
    {
        return trivet_field_refuse(err, "trivet");
    }

    TRIVET_TRY(
        read_time(object, "session_expires", &out->session_expires_us, err));
    TRIVET_TRY(read_time(object, "pins_issued", &out->pins_issued_us, err));
    TRIVET_TRY(read_time(object, "pins_asked", &out->pins_asked_us, err));
    TRIVET_TRY(read_device(json_object_get(object, "device_id"), out, err));
    TRIVET_TRY(read_signing(json_object_get(object, "signing"), out, err));

    return read_pins(object, &out->pins, err);
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

static void
put_time(json_t **own, const char *name, int64_t at_us)
{
    char text[TRIVET_TIMESTAMP_SIZE];

    trivet_timestamp_format(at_us, text);
    trivet_field_put_text(own, name, text);
}

json_t *
trivet_record_format_own(const struct trivet_record *record)
{
    const struct trivet_pin_set *pins = &record->pins;
    const char *pin_mode =
        pins->mode == TRIVET_PINS_REPORT ? "report" : "enforce";
    json_t *own = json_object();

    trivet_json_put(&own, "version", json_integer(FORMAT_VERSION));
    trivet_json_put(&own, "base_url", json_string(record->base_url));
    trivet_field_put_text(&own, "description", record->description);
    trivet_field_put_text(&own, "ca_file", record->ca_file);
    if (record->has_device) {
        trivet_json_put(&own, "device_id", json_integer(record->device_id));
    }
    if (record->session_token.len > 0) {
        put_time(&own, "session_expires", record->session_expires_us);
    }
    if (record->scheme == TRIVET_SCHEME_FULL) {
        trivet_field_put_text(&own, "signing", "full");
    }
    if (pins->num_pins > 0) {
        trivet_json_put(&own, "pins", format_pins(pins));
        trivet_field_put_text(&own, "pin_mode", pin_mode);
    }
    if (record->pins_issued_us != 0) {
        put_time(&own, "pins_issued", record->pins_issued_us);
    }
    if (record->pins_asked_us != 0) {
        put_time(&own, "pins_asked", record->pins_asked_us);
    }

    return own;
}
