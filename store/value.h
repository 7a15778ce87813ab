/* SPDX-License-Identifier: Apache-2.0 */
/* value.h - values that go into a statement. Each borrows what it is given. */
#ifndef TRIVET_STORE_VALUE_H
#define TRIVET_STORE_VALUE_H

#include "core/address.h"
#include "store/driver.h"

struct trivet_value trivet_value_integer(int64_t integer);
struct trivet_value trivet_value_text(struct trivet_slice text);
struct trivet_value trivet_value_blob(const void *data, size_t len);
struct trivet_value trivet_value_cstring(const char *text);
struct trivet_value trivet_value_address(const struct trivet_address *address);
/* TRIVET_DIGEST_LEN bytes. */
struct trivet_value trivet_value_digest(const unsigned char *digest);

#endif
