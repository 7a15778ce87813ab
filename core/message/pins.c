/* SPDX-License-Identifier: Apache-2.0 */
/* pins.c - the announcement of TLS keys, both directions */
#include "core/message/pins.h"

#include <string.h>

#include "base/slice.h"
#include "base/timestamp.h"
#include "core/json.h"
#include "core/json_tree.h"
#include "core/message/json_value.h"
#include "core/message/text.h"

#define ALGORITHM      "RSA-SHA512"
#define STATEMENT_TYPE "trivet-pins"

enum { STATEMENT_VERSION = 1, MAX_ANSWER = 16384 };

/* ---- written ----------------------------------------------------------- */

struct trivet_buffer
trivet_pins_statement_write(const struct trivet_announcement *announcement)
{
    json_t *list = json_array();
    json_t *root = json_object();

    for (size_t i = 0; i < announcement->num_pins; i++) {
        char text[TRIVET_PIN_DATED_SIZE];

        trivet_pin_format_dated(&announcement->pins[i], text);
        trivet_json_append(&list, json_string(text));
    }

    trivet_json_put(&root, "type", json_string(STATEMENT_TYPE));
    trivet_json_put(&root, "version", json_integer(STATEMENT_VERSION));
    trivet_json_put(&root, "issued", trivet_json_time(announcement->issued_us));
    trivet_json_put(
        &root, "expires", trivet_json_time(announcement->expires_us));
    trivet_json_put(&root, "pins", list);

    return trivet_message_write_answer(root);
}

struct trivet_buffer
trivet_pins_answer_write(
    struct trivet_slice statement, struct trivet_slice signature)
{
    return trivet_message_write_response(json_pack("[{s:{s:s%, s:s, s:s%}}]",
        "TrivetPins", "statement", statement.data, statement.len, "algorithm",
        ALGORITHM, "signature", signature.data, signature.len));
}

/* ---- read -------------------------------------------------------------- */

static enum trivet_status
refuse(struct trivet_error *err, const char *what)
{
    return trivet_error_set(err, TRIVET_E_MALFORMED, "pins.read",
        "the announcement of pins: %s", what);
}

/* A text without a NUL inside, of size - 1 bytes at most. */
static bool
copy_text(const json_t *object, const char *name, char *out, size_t size)
{
    const json_t *value = json_object_get(object, name);
    size_t len = json_string_length(value);

    if (len == 0 || len >= size || strlen(json_string_value(value)) != len) {
        return false;
    }

    memcpy(out, json_string_value(value), len + 1);
    return true;
}

enum trivet_status
trivet_pins_answer_read(struct trivet_slice text,
    struct trivet_pins_answer *out, struct trivet_error *err)
{
    json_t *root = NULL;
    const json_t *list;
    const json_t *object;
    char algorithm[sizeof ALGORITHM];
    bool is_read;

    if (text.len <= MAX_ANSWER) {
        root = trivet_json_load(text, JSON_REJECT_DUPLICATES, NULL);
    }
    list = json_object_get(root, "Response");
    object = json_object_get(json_array_get(list, 0), "TrivetPins");
    is_read =
        json_array_size(list) == 1
        && copy_text(object, "algorithm", algorithm, sizeof algorithm)
        && strcmp(algorithm, ALGORITHM) == 0
        && copy_text(object, "statement", out->statement, sizeof out->statement)
        && copy_text(
            object, "signature", out->signature, sizeof out->signature);
    json_decref(root);

    return is_read ? TRIVET_OK
                   : refuse(err, "the answer has no statement that is signed "
                                 "by " ALGORITHM);
}

static bool
read_time(const json_t *root, const char *name, int64_t *out_us)
{
    char text[TRIVET_TIMESTAMP_SIZE];

    return copy_text(root, name, text, sizeof text)
           && trivet_timestamp_parse(trivet_slice_text(text), out_us)
                  == TRIVET_OK;
}

static bool
has_pin(const struct trivet_announcement *announcement,
    const struct trivet_pin *pin)
{
    for (size_t i = 0; i < announcement->num_pins; i++) {
        if (memcmp(
                announcement->pins[i].digest, pin->digest, sizeof pin->digest)
            == 0) {
            return true;
        }
    }

    return false;
}

static enum trivet_status
read_pins(const json_t *list, struct trivet_announcement *out,
    struct trivet_error *err)
{
    size_t i;
    const json_t *entry;

    if (!json_is_array(list) || json_array_size(list) > TRIVET_MAX_PINS) {
        return refuse(err, "no list of pins, or too many of them");
    }

    json_array_foreach(list, i, entry)
    {
        const char *text = json_string_value(entry);
        struct trivet_pin pin;

        if (text == NULL || strlen(text) != json_string_length(entry)
            || trivet_pin_parse(text, &pin, NULL) != TRIVET_OK
            || has_pin(out, &pin))
        {
            return refuse(err, "a pin is malformed, or there twice");
        }

        out->pins[out->num_pins++] = pin;
    }

    if (out->num_pins < TRIVET_MIN_ANNOUNCED) {
        return refuse(err, "it has no backup pin");
    }

    return TRIVET_OK;
}

static enum trivet_status
read_statement(const json_t *root, struct trivet_announcement *out,
    struct trivet_error *err)
{
    char type[sizeof STATEMENT_TYPE];

    if (!copy_text(root, "type", type, sizeof type)
        || strcmp(type, STATEMENT_TYPE) != 0
        || json_integer_value(json_object_get(root, "version"))
               != STATEMENT_VERSION)
    {
        return refuse(err, "another type or version of statement");
    }
    if (!read_time(root, "issued", &out->issued_us)
        || !read_time(root, "expires", &out->expires_us)
        || out->expires_us <= out->issued_us)
    {
        return refuse(err, "its times are missing or malformed");
    }

    return read_pins(json_object_get(root, "pins"), out, err);
}

enum trivet_status
trivet_pins_statement_read(struct trivet_slice statement,
    struct trivet_announcement *out, struct trivet_error *err)
{
    json_t *root = NULL;
    enum trivet_status status;

    memset(out, 0, sizeof *out);
    if (statement.len < TRIVET_MAX_STATEMENT) {
        root = trivet_json_load(statement, JSON_REJECT_DUPLICATES, NULL);
    }

    status = json_is_object(root) ? read_statement(root, out, err)
                                  : refuse(err, "the statement is no object");
    json_decref(root);

    return status;
}
