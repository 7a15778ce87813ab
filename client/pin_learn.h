/* SPDX-License-Identifier: Apache-2.0 */
/* pin_learn.h - the key that a server shows, as a pin */
#ifndef TRIVET_CLIENT_PIN_LEARN_H
#define TRIVET_CLIENT_PIN_LEARN_H

#include "client/record.h"
#include "client/settings.h"

/* The key that the record's server shows, after certificate and host name were
 * verified; pins are not looked at, and nothing is sent. Blocks. */
TRIVET_MUST_USE enum trivet_status trivet_pin_see(
    const struct trivet_settings *settings, const struct trivet_record *record,
    struct trivet_pin *out, struct trivet_error *err);

#endif
