/* SPDX-License-Identifier: Apache-2.0 */
/*
 * allow.h - which calls a caller may make
 *
 *   rule    = method ":" pattern
 *   method  = "*" / capital letters           ; GET is HEAD too
 *   pattern = 1*("/" segment)                 ; the first one is "v1"
 *   segment = "*" / "**" / letters, digits, "-", "_", "."
 *
 * "*" is one segment of any text. "**" is the last segment of a pattern, and
 * any number of them, also none. A query is not looked at.
 *
 * Blocks: no. Threads: any.
 */
#ifndef TRIVET_SIDECAR_ALLOW_H
#define TRIVET_SIDECAR_ALLOW_H

#include <stdbool.h>

#include "base/slice.h"

/* Whether the text is a rule. */
bool trivet_allow_is_rule(struct trivet_slice rule);

/*
 * Whether a rule (trivet_allow_is_rule) allows that call. target: the path as
 * it is sent, with its query. One that a server may read in another way than we
 * do (escapes, empty segments, dots) is allowed by none.
 */
bool trivet_allow_matches(struct trivet_slice rule, struct trivet_slice method,
    struct trivet_slice target);

#endif
