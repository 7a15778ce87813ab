/* SPDX-License-Identifier: Apache-2.0 */
/* pin.c - the text of a pin */
#include "core/pin.h"

#include <stdio.h>
#include <string.h>

#include "base/encoding.h"
#include "base/slice.h"
#include "base/timestamp.h"

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
