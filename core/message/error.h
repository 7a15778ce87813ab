/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.h - the answer to a request that was refused
 *
 *   answer = {"Error":[{"error_description":"...",
 *                       "error_description_translated":"...",
 *                       "error_additional_parameter":[..]}]}
 */
#ifndef TRIVET_CORE_MESSAGE_ERROR_H
#define TRIVET_CORE_MESSAGE_ERROR_H

#include "base/buffer.h"
#include "base/slice.h"
#include "core/reason.h"

struct json_t; /* jansson's */

/* subject replaces the text's "%s" (NULL: none). language is the value of
 * X-Bunq-Language; only nl_NL acts. Empty when memory ran out, or subject is
 * not UTF-8. */
struct trivet_buffer trivet_error_answer_write(enum trivet_reason reason,
    const char *subject, struct trivet_slice language);

/* The same with what the caller did wrong: a word and a sentence, in a field
 * that bunq's own clients ignore. */
struct trivet_buffer trivet_error_answer_write_explained(
    enum trivet_reason reason, struct trivet_slice language,
    const char *mistake, const char *explanation);

/* An error with that text, for which there is no row of the table. Empty when
 * memory ran out, or the text is not UTF-8. */
struct trivet_buffer trivet_error_answer_write_text(const char *text);

/* What a client reads of one error. "" where there is none; the texts live as
 * long as the tree. */
struct trivet_error_texts {
    const char *description;
    const char *translated;
    const char *explanation; /* of a sandbox's refused signature */
};

/* Reads the error at that index of an answer's tree. False: there is none. */
bool trivet_error_answer_read(
    const struct json_t *root, size_t index, struct trivet_error_texts *out);

#endif
