/* SPDX-License-Identifier: Apache-2.0 */
/* pins.c - a set of pinned keys */
#include "client/pins.h"

#include <stdio.h>
#include <string.h>

#include "base/encoding.h"
#include "base/timestamp.h"
#include "base/writer.h"

enum { DIGEST_LEN = 32, DIGEST_TEXT_LEN = TRIVET_BASE64_LEN(DIGEST_LEN) };

/* The moment that a date begins, UTC. */
static enum trivet_status
parse_date(struct trivet_slice date, int64_t *out_us)
{
    char text[TRIVET_TIMESTAMP_SIZE];

    if (date.len != 10) {
        return TRIVET_E_MALFORMED;
    }

    (void) snprintf(
        text, sizeof text, "%.10s 00:00:00.000000", (const char *) date.data);

    return trivet_timestamp_parse(trivet_slice_text(text), out_us);
}

enum trivet_status
trivet_pin_parse(
    const char *text, struct trivet_pin *out, struct trivet_error *err)
{
    struct trivet_slice rest = trivet_slice_text(text);
    struct trivet_pin pin = {{0}, 0};
    size_t len = 0;

    if (!trivet_slice_starts_with(rest, "sha256/")) {
        goto malformed;
    }
    rest = trivet_slice_after(rest, 7);
    /* curl's form has two: base64 of a digest may start with one itself. */
    if (rest.len > DIGEST_TEXT_LEN && rest.data[0] == '/'
        && (rest.len == DIGEST_TEXT_LEN + 1
            || rest.data[DIGEST_TEXT_LEN + 1] == '@'))
    {
        rest = trivet_slice_after(rest, 1);
    }

    if (rest.len < DIGEST_TEXT_LEN
        || trivet_base64_decode(trivet_slice_make(rest.data, DIGEST_TEXT_LEN),
               pin.digest, sizeof pin.digest, &len)
               != TRIVET_OK
        || len != DIGEST_LEN)
    {
        goto malformed;
    }

    rest = trivet_slice_after(rest, DIGEST_TEXT_LEN);
    if (rest.len > 0
        && (rest.data[0] != '@'
            || parse_date(trivet_slice_after(rest, 1), &pin.expires_us)
                   != TRIVET_OK))
    {
        goto malformed;
    }

    *out = pin;
    return TRIVET_OK;

malformed:
    return trivet_error_set(err, TRIVET_E_MALFORMED, "pin.parse",
        "%.80s is not a pin: sha256/BASE64, optionally with @YYYY-MM-DD", text);
}

void
trivet_pin_format(const struct trivet_pin *pin, char out[TRIVET_PIN_TEXT_SIZE])
{
    size_t len = 7;

    memcpy(out, "sha256/", len);
    len += trivet_base64_encode(
        trivet_slice_make(pin->digest, sizeof pin->digest), out + len);
    out[len] = '\0';
}

void
trivet_pin_format_dated(
    const struct trivet_pin *pin, char out[TRIVET_PIN_DATED_SIZE])
{
    char date[TRIVET_TIMESTAMP_SIZE];

    trivet_pin_format(pin, out);
    if (pin->expires_us != 0) {
        size_t len = strlen(out);

        trivet_timestamp_format(pin->expires_us, date);
        (void) snprintf(out + len, TRIVET_PIN_DATED_SIZE - len, "@%.10s", date);
    }
}

enum trivet_status
trivet_pin_set_make(const struct trivet_pin *pins, size_t num_pins,
    enum trivet_pin_mode mode, struct trivet_pin_set *out,
    struct trivet_error *err)
{
    if (num_pins > TRIVET_MAX_PINS) {
        return trivet_error_set(err, TRIVET_E_LIMIT, "pins.make",
            "more than %d pins", (int) TRIVET_MAX_PINS);
    }

    memset(out, 0, sizeof *out);
    if (num_pins > 0) {
        memcpy(out->pins, pins, num_pins * sizeof pins[0]);
    }
    out->num_pins = num_pins;
    out->mode = mode;

    return TRIVET_OK;
}

static bool
is_valid(const struct trivet_pin *pin, int64_t now_us)
{
    return pin->expires_us == 0 || now_us < pin->expires_us;
}

bool
trivet_pin_set_has(const struct trivet_pin_set *set,
    const unsigned char digest[32], int64_t now_us)
{
    for (size_t i = 0; i < set->num_pins; i++) {
        if (is_valid(&set->pins[i], now_us)
            && memcmp(set->pins[i].digest, digest, DIGEST_LEN) == 0)
        {
            return true;
        }
    }

    return false;
}

size_t
trivet_pin_set_count_valid(const struct trivet_pin_set *set, int64_t now_us)
{
    size_t num = 0;

    for (size_t i = 0; i < set->num_pins; i++) {
        num += is_valid(&set->pins[i], now_us);
    }

    return num;
}

void
trivet_pin_set_format_list(const struct trivet_pin_set *set, int64_t now_us,
    char out[TRIVET_PIN_LIST_SIZE])
{
    struct trivet_writer writer = trivet_writer_make(out, TRIVET_PIN_LIST_SIZE);
    char text[TRIVET_PIN_TEXT_SIZE];

    for (size_t i = 0; i < set->num_pins; i++) {
        if (!is_valid(&set->pins[i], now_us)) {
            continue;
        }

        trivet_pin_format(&set->pins[i], text);
        trivet_writer_put_text(&writer, writer.len == 0 ? "" : ";");
        trivet_writer_put_text(&writer, "sha256//");
        trivet_writer_put_text(&writer, text + 7);
    }

    trivet_writer_put_byte(&writer, '\0');
}
