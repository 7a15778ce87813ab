/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pin.h - the text of a pin
 *
 *   pin = "sha256/" base64 [ "@" YYYY-MM-DD ]
 *
 * trivet_pin_parse and trivet_pin_format are part of libtrivet
 * (trivet/pin.h). Blocks: no. Threads: any.
 */
#ifndef TRIVET_CORE_PIN_H
#define TRIVET_CORE_PIN_H

#include "trivet/pin.h"

enum { TRIVET_PIN_DATED_SIZE = TRIVET_PIN_TEXT_SIZE + 11 };

/* With "@YYYY-MM-DD" when it expires: what trivet_pin_parse reads. */
void trivet_pin_format_dated(
    const struct trivet_pin *pin, char out[TRIVET_PIN_DATED_SIZE]);

#endif
