/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id.h - answers that are an id alone, or nothing
 *
 *   id    = {"Response":[{"Id":{"id":..}}]}
 *   empty = {"Response":[]}
 */
#ifndef TRIVET_CORE_MESSAGE_ID_H
#define TRIVET_CORE_MESSAGE_ID_H

#include <stdint.h>

#include "base/buffer.h"
#include "core/reason.h"
#include "trivet/status.h"

struct json_t; /* jansson's */
struct trivet_list;

struct trivet_buffer trivet_id_answer_write(int64_t id);

/* TRIVET_E_MALFORMED: it is no such answer; err says what is missing. */
TRIVET_MUST_USE enum trivet_status trivet_id_answer_read(
    struct trivet_slice answer, int64_t *out, struct trivet_error *err);

void trivet_list_add_id(struct trivet_list *list, int64_t id);

/* A request's body that carries nothing: absent, or any JSON object. */
TRIVET_MUST_USE struct trivet_complaint trivet_empty_request_read(
    struct trivet_slice body);
struct trivet_buffer trivet_empty_answer_write(void);

/* For the files of core/message/: the element, the caller's, NULL when memory
 * ran out; and reading one. */
struct json_t *trivet_id_element(int64_t id);
bool trivet_id_element_read(const struct json_t *elements, int64_t *out);

#endif
