/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins.h - the announcement of TLS keys, both directions
 *
 * GET /v1/trivet/pins is answered with a statement, a text, and its own
 * signature by the installation's server key (crypto/statement.h):
 *
 *   answer    = {"Response":[{"TrivetPins":{"statement":"...",
 *                "algorithm":"RSA-SHA512","signature":"<base64>"}}]}
 *   statement = {"type":"trivet-pins","version":1,
 *                "issued":"<timestamp>","expires":"<timestamp>",
 *                "pins":["sha256/...", "sha256/...@2030-01-31"]}
 *
 * The statement is valid from "issued" to "expires". Its pins are the whole
 * set: that of the key which is served, and those of coming keys.
 * Blocks: no. Threads: any.
 */
#ifndef TRIVET_CORE_MESSAGE_PINS_H
#define TRIVET_CORE_MESSAGE_PINS_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/encoding.h"
#include "core/limits.h"
#include "core/pin.h"
#include "trivet/status.h"

enum {
    TRIVET_MIN_ANNOUNCED = 2,    /* the served key and one for a change */
    TRIVET_MAX_STATEMENT = 4096, /* bytes, with the NUL */
    TRIVET_ANNOUNCEMENT_LIFE_S = 86400
};

struct trivet_announcement {
    struct trivet_pin pins[TRIVET_MAX_PINS];
    size_t num_pins;
    int64_t issued_us;
    int64_t expires_us;
};

/* A statement as it came, and the base64 of its signature; NUL-terminated. */
struct trivet_pins_answer {
    char statement[TRIVET_MAX_STATEMENT];
    char signature[TRIVET_BASE64_LEN(TRIVET_MAX_SIGNATURE) + 1];
};

/* The statement, and the answer; signature is base64. Without data: memory ran
 * out. */
struct trivet_buffer trivet_pins_statement_write(
    const struct trivet_announcement *announcement);
struct trivet_buffer trivet_pins_answer_write(
    struct trivet_slice statement, struct trivet_slice signature);

/* Reads the answer. TRIVET_E_MALFORMED: it is none, a member is missing, is
 * there twice, has another type or is too long, or the algorithm is another. */
TRIVET_MUST_USE enum trivet_status trivet_pins_answer_read(
    struct trivet_slice answer, struct trivet_pins_answer *out,
    struct trivet_error *err);

/* Reads a statement. TRIVET_E_MALFORMED: it is none of this type and version,
 * a member is missing or wrong, a pin is there twice, or there are fewer than
 * TRIVET_MIN_ANNOUNCED. Members that are not known are ignored. Whether it is
 * valid now is not looked at. */
TRIVET_MUST_USE enum trivet_status trivet_pins_statement_read(
    struct trivet_slice statement, struct trivet_announcement *out,
    struct trivet_error *err);

#endif
