/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.h - the token of an installation or a session
 *
 *   token = {"Token":{"id":.., "created":.., "updated":.., "token":..}}
 *
 * For the files of core/message/.
 */
#ifndef TRIVET_CORE_MESSAGE_TOKEN_H
#define TRIVET_CORE_MESSAGE_TOKEN_H

#include <jansson.h>
#include <stdint.h>

#include "base/secret.h"

/* The element; the caller's. token: NUL-terminated hex. NULL when memory ran
 * out. */
json_t *trivet_token_element(int64_t id, int64_t created_us, const char *token);

/* Copies the token out of an answer's elements, and wipes it there. False:
 * there is none. Wipe *out after use. */
bool trivet_token_element_take(json_t *elements, struct trivet_secret *out);

#endif
