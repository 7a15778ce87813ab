/* SPDX-License-Identifier: Apache-2.0 */
/* lanes.h - how this machine signs: several at once, or one by one */
#ifndef TRIVET_CLI_LANES_H
#define TRIVET_CLI_LANES_H

#include <stdbool.h>

/* Prints a line that says which way signatures are made, and why not the other.
 * With a key (a file or a URI; NULL: none) the library is tried with it, which
 * takes 20 ms, as each worker does it. */
void cli_lanes_tell(bool is_off, const char *key);

#endif
