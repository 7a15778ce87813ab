/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_field.h - fields of a context file
 *
 * Blocks: no. Threads: any.
 */
#ifndef TRIVET_CLIENT_RECORD_FIELD_H
#define TRIVET_CLIENT_RECORD_FIELD_H

#include <jansson.h>
#include <stdbool.h>

#include "base/secret.h"
#include "trivet/status.h"

/* Whether a field is missing, or null, which some SDKs write instead. */
bool trivet_field_is_absent(const json_t *value);

/* Copies a text; an absent one is "". False when it is no text, holds a NUL, or
 * has cap bytes or more. */
bool trivet_field_get_text(
    const json_t *object, const char *field, char *out, size_t cap);

/* The same for a secret, which is sent as it is: printable ASCII only. */
bool trivet_field_get_secret(
    const json_t *object, const char *field, struct trivet_secret *out);

/* Puts a text or a secret into *tree; an empty one is left out. Failures: as
 * trivet_json_put. */
void trivet_field_put_text(json_t **tree, const char *name, const char *text);
void trivet_field_put_secret(
    json_t **tree, const char *name, const struct trivet_secret *secret);

/* TRIVET_E_MALFORMED: the field is missing or not what it should be. */
enum trivet_status trivet_field_refuse(
    struct trivet_error *err, const char *field);

#endif
