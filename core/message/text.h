/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - from the JSON tree of a message to its text, and back
 *
 * Answers are compact JSON with "/" written as "\/" and non-ASCII as \uXXXX,
 * much as bunq writes them: these bytes are what is signed. A text is a buffer
 * of the caller, to be freed with trivet_buffer_free; one without data means
 * that memory ran out, or that a text which goes into it is not UTF-8.
 */
#ifndef TRIVET_CORE_MESSAGE_TEXT_H
#define TRIVET_CORE_MESSAGE_TEXT_H

#include "base/buffer.h"
#include "base/slice.h"
#include "trivet/status.h"

struct json_t; /* jansson's */

/* Of an answer of the login, or of an error, that is parsed: a tree takes many
 * times as much memory as its text. */
enum { TRIVET_MAX_PARSED_ANSWER = 256 * 1024 /* bytes */ };

/* The text of an answer. Takes root over; NULL gives an empty buffer. */
struct trivet_buffer trivet_message_write_answer(struct json_t *root);

/* {"Response":elements}; takes the list over. */
struct trivet_buffer trivet_message_write_response(struct json_t *elements);

/* The text of a request. Takes root over, and wipes it: there may be a secret
 * in it. */
struct trivet_buffer trivet_message_write_request(struct json_t *root);

/* Writes "/" where the answer has "\/". TRIVET_E_MEMORY: it is as it was. An
 * empty buffer is left alone. */
TRIVET_MUST_USE enum trivet_status trivet_message_plain_slashes(
    struct trivet_buffer *answer);

/* The tree of an answer, to be freed with json_decref; NULL when it is no JSON,
 * or longer than TRIVET_MAX_PARSED_ANSWER. */
TRIVET_MUST_USE struct json_t *trivet_message_parse(struct trivet_slice answer);

#endif
