/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quantity.h - sizes and times on the command line
 *
 *   size = 1*DIGIT [ "k" / "m" / "g" ]         bytes, or times 1024 each
 *   time = 1*DIGIT [ "ms" / "s" / "m" / "h" ]  seconds without a unit
 */
#ifndef TRIVET_CLI_QUANTITY_H
#define TRIVET_CLI_QUANTITY_H

#include <stdbool.h>

/* False: not of that form, or beyond what a long long holds. */
bool cli_quantity_size(const char *text, long long *out_bytes);
bool cli_quantity_time(const char *text, long long *out_ms);

#endif
