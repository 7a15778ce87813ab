/* SPDX-License-Identifier: Apache-2.0 */
/* again.h - work that may be done again, and numbers that differ from process
 * to process. Any number of threads. */
#ifndef TRIVET_STORE_AGAIN_H
#define TRIVET_STORE_AGAIN_H

#include <stdbool.h>

#include "trivet/status.h"

/* The `where` of a failure because of what others did at the same time: the
 * whole transaction was taken back, and may succeed the next time. */
#define TRIVET_STORE_AGAIN "store.again"

/* A number below `below` that is another one in each process, so that those who
 * failed together do not come back together. */
unsigned trivet_store_jitter(unsigned below);

#endif
