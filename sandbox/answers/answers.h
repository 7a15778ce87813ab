/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answers.h - answers from files: what the sandbox's API answers
 *
 *   DIR/user/_/monetary-account/_/payment/POST.json
 *
 * answers POST /v1/user/12/monetary-account/34/payment. Files are read once,
 * and everything is answered from memory. trivet-answers(7) has the form of the
 * files; sandbox/answers/template.h that of their texts.
 */
#ifndef TRIVET_SANDBOX_ANSWERS_ANSWERS_H
#define TRIVET_SANDBOX_ANSWERS_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "core/reason.h"
#include "sandbox/answers/made.h"
#include "trivet/status.h"

enum {
    TRIVET_MAX_ANSWER_DIRS = 16,
    TRIVET_MAX_ANSWER_FILES = 1000,            /* of all of them */
    TRIVET_MAX_ANSWER_BYTES = 8 * 1024 * 1024, /* the same */
    TRIVET_MAX_ANSWER_ALLOW = 32               /* bytes of a list of methods */
};

struct trivet_answers;

/* Without files. *out is owned: trivet_answers_free. TRIVET_E_MEMORY. */
TRIVET_MUST_USE enum trivet_status trivet_answers_new(
    struct trivet_answers **out, struct trivet_error *err);
void trivet_answers_free(struct trivet_answers *answers);

/*
 * Adds the files of a folder. Blocks. What was added when it fails is not said:
 * free the answers then.
 *
 * TRIVET_E_USAGE   a wrong file: err has its path, its line and what is wrong.
 * TRIVET_E_MEMORY  out of memory.
 */
TRIVET_MUST_USE enum trivet_status trivet_answers_add(
    struct trivet_answers *answers, const char *dir, struct trivet_error *err);

/* Calls fn for each file's method and path, such as "/v1/user/1/card", until it
 * gives a failure, which is returned. */
TRIVET_MUST_USE enum trivet_status trivet_answers_each(
    const struct trivet_answers *answers,
    enum trivet_status (*fn)(void *data, const char *method, const char *path),
    void *data);

/* The memory that processes share; lock and unlock may be NULL. */
struct trivet_answers_memory {
    struct trivet_made *made;
    void (*lock)(void *data);
    void (*unlock)(void *data);
    void *data;
};

struct trivet_answers_request {
    struct trivet_slice method;
    struct trivet_slice path; /* decoded, without the query */
    struct trivet_slice query;
    struct trivet_slice body;
    int64_t user_id;
    int64_t now_us;
    bool has_other_get; /* where no file answers GET, something else does */
};

struct trivet_answers_reply {
    enum trivet_reason reason;           /* NONE: 200 with the body */
    const char *subject;                 /* of the reason; NULL: none */
    char allow[TRIVET_MAX_ANSWER_ALLOW]; /* of METHOD_NOT_ALLOWED */
    struct trivet_buffer body;           /* owned: trivet_buffer_free */
};

/* Whether a file answers it: the path is known, with this method or others. */
bool trivet_answers_has(
    const struct trivet_answers *answers, struct trivet_slice path);

/* Whether a file answers this request's method, or a POST made what it asks
 * for: what is built in answers the others. Locks as the next does. */
bool trivet_answers_answer(const struct trivet_answers *answers,
    const struct trivet_answers_memory *memory,
    const struct trivet_answers_request *request);

/* Answers a request. Does not block but for the lock. Several threads may ask
 * at once. When memory runs out the reason is TRIVET_REASON_INTERNAL. */
void trivet_answers_reply_to(const struct trivet_answers *answers,
    const struct trivet_answers_memory *memory,
    const struct trivet_answers_request *request,
    struct trivet_answers_reply *out);

#endif
