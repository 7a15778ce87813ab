/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins.h - trivet pins, for a gateway: the pins of its data directory
 *
 * Each function returns an exit status, with the reason on standard error.
 */
#ifndef TRIVET_CLI_OPERATOR_PINS_H
#define TRIVET_CLI_OPERATOR_PINS_H

#include "cli/data_dir.h"

/* Prints the pins of the served and the next key, a line each. */
int cli_gateway_pins_export(const struct cli_data_options *options);

/* Has the gateway of the data directory serve the next key, in a certificate
 * that is made now; prints the pins as they are then. */
int cli_gateway_pins_rotate(const struct cli_data_options *options);

#endif
