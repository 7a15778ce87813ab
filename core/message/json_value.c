/* SPDX-License-Identifier: Apache-2.0 */
/* json_value.c - values that several elements have */
#include "core/message/json_value.h"

#include "base/timestamp.h"

json_t *
trivet_json_time(int64_t at_us)
{
    char text[TRIVET_TIMESTAMP_SIZE];

    trivet_timestamp_format(at_us, text);

    return json_string(text);
}

json_t *
trivet_json_address(const struct trivet_address *address)
{
    char text[TRIVET_MAX_ADDRESS_TEXT];

    trivet_address_format(address, text);

    return json_string(text);
}
