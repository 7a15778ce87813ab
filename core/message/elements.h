/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elements.h - the elements of an answer, as the client reads them
 *
 * Elements are found by their type names, in any order; fields that are not
 * known are ignored. For the files of core/message/.
 */
#ifndef TRIVET_CORE_MESSAGE_ELEMENTS_H
#define TRIVET_CORE_MESSAGE_ELEMENTS_H

#include <jansson.h>
#include <stdint.h>

#include "base/secret.h"
#include "base/slice.h"
#include "trivet/status.h"

/* The answer's list of elements, or NULL. *out_root is to be freed with
 * json_decref in every case. */
TRIVET_MUST_USE json_t *trivet_elements_load(
    struct trivet_slice answer, json_t **out_root);

/* The object inside the first element of that type, or NULL. */
json_t *trivet_elements_find(const json_t *elements, const char *type);

/* TRIVET_E_MALFORMED; what: such as "has no Id". */
enum trivet_status trivet_elements_miss(
    struct trivet_error *err, const char *what);

/* Copies a string of less than cap bytes, with a NUL. False: it is none. */
bool trivet_elements_copy_text(const json_t *value, char *out, size_t cap);

/* The same for a token or an API key, which go into a header as they are:
 * visible ASCII alone. Wipe *out after use. */
bool trivet_elements_copy_secret(
    const json_t *value, struct trivet_secret *out);

/* The API key in that field of the first element of that type. What there is of
 * it in the tree is wiped. TRIVET_E_MALFORMED: there is none. Wipe *out after
 * use. */
TRIVET_MUST_USE enum trivet_status trivet_elements_read_api_key(
    struct trivet_slice answer, const char *type, const char *field,
    struct trivet_secret *out, struct trivet_error *err);

/* An id: a whole number, 1 or more. False: it is none. */
bool trivet_elements_read_id(const json_t *value, int64_t *out);

#endif
