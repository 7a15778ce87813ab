/* SPDX-License-Identifier: Apache-2.0 */
/* lock.c - the lock of the memory that processes share */
#include "sandbox/answers/own.h"

void
trivet_answering_lock(const struct trivet_answering *a)
{
    if (a->memory->lock != NULL) {
        a->memory->lock(a->memory->data);
    }
}

void
trivet_answering_unlock(const struct trivet_answering *a)
{
    if (a->memory->unlock != NULL) {
        a->memory->unlock(a->memory->data);
    }
}
