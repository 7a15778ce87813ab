/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins.h - the announcement of the gateway's TLS keys
 *
 * Handlers: authority/call.h says what they do.
 */
#ifndef TRIVET_AUTHORITY_CALLS_PINS_H
#define TRIVET_AUTHORITY_CALLS_PINS_H

#include "authority/case.h"

enum trivet_status trivet_handle_pins(struct trivet_case *c);

#endif
