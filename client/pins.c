/* SPDX-License-Identifier: Apache-2.0 */
/* pins.c - a set of pinned keys */
#include "client/pins.h"

#include <string.h>

#include "base/writer.h"

enum { DIGEST_LEN = 32 };

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
