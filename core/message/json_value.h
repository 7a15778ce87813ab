/* SPDX-License-Identifier: Apache-2.0 */
/* json_value.h - values that several elements have; for the files of
 * core/message/
 */
#ifndef TRIVET_CORE_MESSAGE_JSON_VALUE_H
#define TRIVET_CORE_MESSAGE_JSON_VALUE_H

#include <jansson.h>
#include <stdint.h>

#include "core/address.h"

/* The caller's; NULL when memory ran out. */
json_t *trivet_json_time(int64_t at_us);
json_t *trivet_json_address(const struct trivet_address *address);

#endif
