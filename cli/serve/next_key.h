/* SPDX-License-Identifier: Apache-2.0 */
/* next_key.h - the TLS key of the next certificate, made ahead */
#ifndef TRIVET_CLI_SERVE_NEXT_KEY_H
#define TRIVET_CLI_SERVE_NEXT_KEY_H

#include <stddef.h>

#include "trivet/status.h"

struct serving;

/* After cli_serve_prepare_certificate: makes next.key where it is missing or
 * in use, finds out s->pins, and writes them to the file `pins`. */
TRIVET_MUST_USE enum trivet_status cli_serve_prepare_pins(
    struct serving *s, struct trivet_error *err);

/* s->pins as that file has them; of none when it is missing. */
void cli_serve_read_pins(struct serving *s);

/* The text of next.key. TRIVET_E_NOT_FOUND: there is none. Wipe it. */
TRIVET_MUST_USE enum trivet_status cli_serve_read_next_key(
    const struct serving *s, char *out, size_t cap, struct trivet_error *err);

#endif
