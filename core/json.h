/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - reading JSON that somebody else wrote */
#ifndef TRIVET_CORE_JSON_H
#define TRIVET_CORE_JSON_H

#include <jansson.h>

#include "base/slice.h"

/*
 * The value of text, which is one JSON text and nothing else; flags are
 * jansson's; out_error may be NULL. NULL when it is none. A byte NUL is refused
 * wherever it stands: jansson passes over one behind a number or a literal.
 */
json_t *trivet_json_load(
    struct trivet_slice text, size_t flags, json_error_t *out_error);

#endif
