/* SPDX-License-Identifier: Apache-2.0 */
/* parts.h - what the files of the messages share */
#ifndef TRIVET_CORE_MESSAGE_PARTS_H
#define TRIVET_CORE_MESSAGE_PARTS_H

#include <jansson.h>

#include "core/message/message.h"

/* Takes root over; NULL (memory ran out) gives an empty body. */
struct trivet_body trivet_message_dump(json_t *root);

/* One element of a Response; the caller's. NULL when memory ran out, or a text
 * is not UTF-8. */
json_t *trivet_message_make_id(int64_t id);
json_t *trivet_message_make_user(const struct trivet_user *user);

#endif
