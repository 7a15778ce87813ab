/* SPDX-License-Identifier: Apache-2.0 */
/* own.h - what the files of answers from files share */
#ifndef TRIVET_SANDBOX_ANSWERS_OWN_H
#define TRIVET_SANDBOX_ANSWERS_OWN_H

#include "sandbox/answers/answers.h"
#include "sandbox/answers/tree.h"

struct trivet_answers {
    struct trivet_answer_folder root;
    size_t num_dirs;
    size_t num_files;
    size_t num_bytes;
};

/* A request as it is being answered. */
struct trivet_answering {
    const struct trivet_answers_memory *memory;
    const struct trivet_answers_request *request;
    struct trivet_answer_path path;
    const struct trivet_answer_folder *folder;
    struct trivet_slice collection; /* the path without a slash at its end */
    struct trivet_template_values values;
    struct trivet_answers_reply *reply;
};

void trivet_answering_lock(const struct trivet_answering *a);
void trivet_answering_unlock(const struct trivet_answering *a);

/* The element of a list with its id: {"Payment":{"id":1,...}}. 0: no such. */
int64_t trivet_answer_element_id(const json_t *element);

/* Answers with a page of the folder's list: the elements of its GET.json, and
 * what POSTs made. */
TRIVET_MUST_USE enum trivet_status trivet_answer_list(
    struct trivet_answering *a);

#endif
