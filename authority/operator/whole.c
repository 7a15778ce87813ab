/* SPDX-License-Identifier: Apache-2.0 */
/* whole.c - a change and what is told of it: both, or neither */
#include "authority/operator/whole.h"

#include <stdio.h>

static enum trivet_status
work_once(struct trivet_operation *operation,
    enum trivet_status (*work)(struct trivet_operation *operation))
{
    enum trivet_status status;

    TRIVET_TRY(trivet_store_begin(operation->store, operation->err));

    status = work(operation);
    if (status == TRIVET_OK) {
        status = trivet_store_commit(operation->store, operation->err);
    }
    if (status != TRIVET_OK) {
        trivet_store_rollback(operation->store);
        (void) json_array_clear(operation->rows);
    }

    return status;
}

enum trivet_status
trivet_operation_whole(struct trivet_operation *operation,
    enum trivet_status (*work)(struct trivet_operation *operation))
{
    enum trivet_status status = work_once(operation, work);

    for (unsigned num_tries = 1;
         (status == TRIVET_E_UNAVAILABLE || status == TRIVET_E_AGAIN)
         && trivet_store_tries_again(operation->err, num_tries);
         num_tries++)
    {
        status = work_once(operation, work);
    }

    return status;
}

enum trivet_status
trivet_operation_audit(struct trivet_operation *operation,
    enum trivet_audit_event event, const char *detail)
{
    struct trivet_audit_entry entry = {.event = event};

    (void) snprintf(entry.detail, sizeof entry.detail, "%s", detail);

    return trivet_store_audit_put(
        operation->store, &entry, operation->now_us, operation->err);
}
