/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - values of an operator's rows, and what was given
 *
 * What makes a value gives the caller's own; NULL when memory ran out.
 */
#ifndef TRIVET_AUTHORITY_OPERATOR_JSON_H
#define TRIVET_AUTHORITY_OPERATOR_JSON_H

#include "authority/operator/call.h"
#include "core/address.h"
#include "core/json_tree.h"

/* An id; null for 0. */
json_t *trivet_operator_json_id(int64_t id);

/* A text that should be UTF-8; in one that is not, bytes that are not ASCII are
 * escaped as "\xNN". */
json_t *trivet_operator_json_text(const char *text);
/* The same; null for "". */
json_t *trivet_operator_json_text_or_null(const char *text);
json_t *trivet_operator_json_address(const struct trivet_address *address);

/* Appends row, which it takes over, to the rows. TRIVET_E_MEMORY. */
TRIVET_MUST_USE enum trivet_status trivet_operation_add(
    struct trivet_operation *operation, json_t *row);

/* The same for callbacks that cannot fail, and to a list inside a row: finish
 * with trivet_operation_check. A list too short would be told as if it were all
 * of it. */
void trivet_operation_push(struct trivet_operation *operation, json_t *row);
void trivet_operation_push_to(
    struct trivet_operation *operation, json_t *list, json_t *item);
TRIVET_MUST_USE enum trivet_status trivet_operation_check(
    const struct trivet_operation *operation, enum trivet_status status);

/* The field as it was given; 0, "" or false where it was not. */
int64_t trivet_operation_integer(
    const struct trivet_operation *operation, const char *name);
const char *trivet_operation_text(
    const struct trivet_operation *operation, const char *name);
bool trivet_operation_flag(
    const struct trivet_operation *operation, const char *name);
bool trivet_operation_has(
    const struct trivet_operation *operation, const char *name);

#endif
