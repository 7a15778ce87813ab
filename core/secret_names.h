/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret_names.h - by which names secrets are known, where something is shown
 * or kept that others may read
 *
 * In whatever case. Blocks: no. Threads: any.
 */
#ifndef TRIVET_CORE_SECRET_NAMES_H
#define TRIVET_CORE_SECRET_NAMES_H

#include <stdbool.h>

#include "base/slice.h"

/* Whether the value of a header field of that name is a secret. */
bool trivet_secret_is_field(struct trivet_slice name);

/* The same of a member of a JSON object, or a parameter of a query. */
bool trivet_secret_is_member(struct trivet_slice name);

#endif
