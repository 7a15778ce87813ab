/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_pins.h - the file `pins` of a data directory
 *
 * Which TLS keys the gateway announces, as "trivet serve" has last written it:
 *
 *   file = 1*( pin SP role LF )      role = "served" / "next"
 */
#ifndef TRIVET_CLI_TLS_PINS_H
#define TRIVET_CLI_TLS_PINS_H

#include "cli/data_dir.h"
#include "core/pin.h"

struct cli_tls_pins {
    char served[TRIVET_PIN_TEXT_SIZE];
    char next[TRIVET_PIN_DATED_SIZE]; /* "": none is known */
};

TRIVET_MUST_USE enum trivet_status cli_tls_pins_write(
    const char *dir, const struct cli_tls_pins *pins, struct trivet_error *err);

/* TRIVET_E_NOT_FOUND   no gateway has served from dir.
 * TRIVET_E_MALFORMED  it is no such file. */
TRIVET_MUST_USE enum trivet_status cli_tls_pins_read(
    const char *dir, struct cli_tls_pins *out, struct trivet_error *err);

#endif
