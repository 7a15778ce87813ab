/* SPDX-License-Identifier: Apache-2.0 */
/*
 * whole.h - a change and what is told of it: both, or neither
 */
#ifndef TRIVET_AUTHORITY_OPERATOR_WHOLE_H
#define TRIVET_AUTHORITY_OPERATOR_WHOLE_H

#include "authority/operator/call.h"
#include "store/noun/audit.h"

/* Runs work in one transaction, which is committed when its rows are there:
 * what cannot be told is not done. Only for what changes nothing but the
 * store: work runs again when the database took it back because of what others
 * did at the same time. operation->err must not be NULL. Fails as work and the
 * commit do. */
TRIVET_MUST_USE enum trivet_status trivet_operation_whole(
    struct trivet_operation *operation,
    enum trivet_status (*work)(struct trivet_operation *operation));

/* The audit log's row of a change that is no part of the store: it comes first,
 * so that nothing is changed without. */
TRIVET_MUST_USE enum trivet_status trivet_operation_audit(
    struct trivet_operation *operation, enum trivet_audit_event event,
    const char *detail);

#endif
