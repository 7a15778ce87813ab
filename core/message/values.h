/* SPDX-License-Identifier: Apache-2.0 */
/* values.h - values that several elements have; for the files of core/message/
 */
#ifndef TRIVET_CORE_MESSAGE_VALUES_H
#define TRIVET_CORE_MESSAGE_VALUES_H

#include <jansson.h>
#include <stdint.h>

#include "core/address.h"

/* The caller's; NULL when memory ran out. */
json_t *trivet_value_time(int64_t at_us);
json_t *trivet_value_address(const struct trivet_address *address);

#endif
