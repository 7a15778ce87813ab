/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_session.h - "session_context" of a context file
 *
 * The session's token, when it expires and whose it is, as SDKs write them: the
 * user under both spellings of its type, times in the local zone.
 * Blocks: no. Threads: any.
 */
#ifndef TRIVET_CLIENT_RECORD_SESSION_H
#define TRIVET_CLIENT_RECORD_SESSION_H

#include <jansson.h>

#include "client/record.h"

/* object: NULL or null when there is none.
 * TRIVET_E_MALFORMED  err names the field. */
TRIVET_MUST_USE enum trivet_status trivet_record_read_session(
    const json_t *object, struct trivet_record *out, struct trivet_error *err);

/* Owned. NULL: memory ran out. */
json_t *trivet_record_format_session(const struct trivet_record *record);

#endif
