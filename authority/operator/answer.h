/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.h - an operator's calls over HTTP: from a request to its answer
 *
 * JSON in the gateway's own forms:
 *
 *   answer = {"Response":[ {NOUN:{...}}, ... ]}, of a list with "Pagination"
 *   error  = {"Error":[{"error_description":TEXT, ...}]}
 *
 * What is given stands in the path, in the query of a GET, or in a JSON object
 * as body. Knows nothing of nginx.
 */
#ifndef TRIVET_AUTHORITY_OPERATOR_ANSWER_H
#define TRIVET_AUTHORITY_OPERATOR_ANSWER_H

#include "authority/operator/call.h"
#include "authority/operator/place.h"
#include "base/buffer.h"
#include "base/slice.h"

enum {
    TRIVET_MAX_OPERATOR_BODY = 16384, /* bytes */
    TRIVET_MAX_OPERATOR_QUERY = 2048  /* the same */
};

struct trivet_operator_request {
    struct trivet_slice method;
    struct trivet_slice path; /* as it was sent, without its query */
    struct trivet_slice query;
    struct trivet_slice body;
    const char *operator_name; /* for the audit log */
};

struct trivet_operator_answer {
    unsigned status;           /* of HTTP */
    struct trivet_buffer body; /* the caller's; without data: memory ran out */
    char detail[256];          /* of a failure, for the log; "": none */
};

/* Where, and by what clocks. */
struct trivet_operator_config {
    const char *store_url;
    struct trivet_operator_place place;
    int64_t (*clock_us)(void);  /* the machine's, with a sandbox's offset */
    int64_t (*offset_us)(void); /* that offset */
};

/* The call of that method and path. NULL: there is none; *out_is_path then:
 * there is the path, with another method. Does not block. */
const struct trivet_operator_call *trivet_operator_find(
    struct trivet_slice method, struct trivet_slice path, bool *out_is_path);

/* Opens the store, runs the call and closes the store. Cannot fail: what fails
 * is an answer. Blocks. */
void trivet_operator_answer(const struct trivet_operator_config *config,
    const struct trivet_operator_call *call,
    const struct trivet_operator_request *request,
    struct trivet_operator_answer *out);

/* An answer that is an error with this text. */
void trivet_operator_answer_error(
    struct trivet_operator_answer *out, unsigned status, const char *text);
/* {"Response":[{noun:row}]}; row is taken over. */
void trivet_operator_answer_one(
    struct trivet_operator_answer *out, const char *noun, json_t *row);

#endif
