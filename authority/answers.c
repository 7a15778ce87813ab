/* SPDX-License-Identifier: Apache-2.0 */
/* answers.c - answers from files do not stand in for the protocol's calls */
#include "authority/answers.h"

#include "authority/calls.h"

static enum trivet_status
check_answer(void *data, const char *method, const char *path)
{
    struct trivet_error *err = data;
    struct trivet_call_search search;
    enum trivet_call_match match = trivet_call_find(
        trivet_slice_text(method), trivet_slice_text(path), true, &search);

    if (match == TRIVET_CALL_NONE
        || (match == TRIVET_CALL_FOUND && trivet_call_stands_in(search.call)))
    {
        return TRIVET_OK;
    }

    return trivet_error_set(err, TRIVET_E_USAGE, "answers",
        "%s/%s.json: this is a call of the protocol itself, and no file "
        "answers "
        "it",
        path + sizeof "/v1" - 1, method);
}

enum trivet_status
trivet_calls_check_answers(
    const struct trivet_answers *answers, struct trivet_error *err)
{
    return trivet_answers_each(answers, check_answer, err);
}
