/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins.h - a set of pinned keys
 *
 * An expired pin is ignored. When all pins of an enforced set have expired, no
 * connection is accepted: a forgotten set must not disable the check.
 * Blocks: no. Threads: any.
 */
#ifndef TRIVET_CLIENT_PINS_H
#define TRIVET_CLIENT_PINS_H

#include "core/pin.h"
#include "trivet/client.h"

struct trivet_pin_set {
    struct trivet_pin pins[TRIVET_MAX_PINS];
    size_t num_pins;
    enum trivet_pin_mode mode;
};

/* TRIVET_E_LIMIT  more than TRIVET_MAX_PINS. */
TRIVET_MUST_USE enum trivet_status trivet_pin_set_make(
    const struct trivet_pin *pins, size_t num_pins, enum trivet_pin_mode mode,
    struct trivet_pin_set *out, struct trivet_error *err);

/* Whether a pin of the set that has not expired has that digest. */
bool trivet_pin_set_has(const struct trivet_pin_set *set,
    const unsigned char digest[32], int64_t now_us);

/* How many pins have not expired. */
size_t trivet_pin_set_count_valid(
    const struct trivet_pin_set *set, int64_t now_us);

enum {
    /* bytes of a whole set as curl wants it, with the NUL */
    TRIVET_PIN_LIST_SIZE = TRIVET_MAX_PINS * (TRIVET_PIN_TEXT_SIZE + 1)
};

/* list = "sha256//" base64 *( ";" "sha256//" base64 ), of those not expired. */
void trivet_pin_set_format_list(const struct trivet_pin_set *set,
    int64_t now_us, char out[TRIVET_PIN_LIST_SIZE]);

#endif
