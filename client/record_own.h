/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_own.h - "trivet" of a context file: what only trivet writes
 *
 * Base URL, description, CA file, device, pins, the form of signatures, and
 * when the session expires, in UTC.
 * Blocks: no. Threads: any.
 */
#ifndef TRIVET_CLIENT_RECORD_OWN_H
#define TRIVET_CLIENT_RECORD_OWN_H

#include <jansson.h>

#include "client/record.h"

/* object: NULL or null when there is none, as in an SDK's file.
 * TRIVET_E_MALFORMED  err names the field, or a newer trivet wrote the file. */
TRIVET_MUST_USE enum trivet_status trivet_record_read_own(
    const json_t *object, struct trivet_record *out, struct trivet_error *err);

/* Owned. NULL: memory ran out. */
json_t *trivet_record_format_own(const struct trivet_record *record);

#endif
