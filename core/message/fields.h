/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields.h - the fields of a request's body, as the server reads them
 *
 * Read leniently where real clients differ (an absent body, null and unknown
 * fields) and strictly elsewhere. For the files of core/message/.
 */
#ifndef TRIVET_CORE_MESSAGE_FIELDS_H
#define TRIVET_CORE_MESSAGE_FIELDS_H

#include <jansson.h>

#include "base/secret.h"
#include "base/slice.h"
#include "core/reason.h"
#include "trivet/status.h"

/* Nothing is wrong. */
struct trivet_complaint trivet_fields_accept(void);
struct trivet_complaint trivet_fields_refuse(
    enum trivet_reason reason, const char *field);

/* The object of a body, to be freed with json_decref; an empty body is {}. NULL
 * with a complaint when it is none. */
TRIVET_MUST_USE json_t *trivet_fields_load(
    struct trivet_slice body, struct trivet_complaint *out_complaint);

/* A required string of 1 to cap bytes; *out lives as long as root. */
TRIVET_MUST_USE struct trivet_complaint trivet_fields_get(const json_t *root,
    const char *field, size_t cap, struct trivet_slice *out);

/* The same for one that may be absent, null or empty: out->len is 0 then. */
TRIVET_MUST_USE struct trivet_complaint trivet_fields_get_optional(
    const json_t *root, const char *field, size_t cap,
    struct trivet_slice *out);

/* A required string, copied to out (cap bytes, no NUL). */
TRIVET_MUST_USE struct trivet_complaint trivet_fields_copy(const json_t *root,
    const char *field, char *out, size_t cap, size_t *out_len);

/* The API key in the field "secret"; wiped in root. Wipe *out after use. */
TRIVET_MUST_USE struct trivet_complaint trivet_fields_take_secret(
    const json_t *root, struct trivet_secret *out);

#endif
