/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handling.h - an admitted call of ours: prepared, then written
 *
 * For the files of authority/ alone. All block (disk).
 */
#ifndef TRIVET_AUTHORITY_HANDLING_H
#define TRIVET_AUTHORITY_HANDLING_H

#include "authority/case.h"

/* Runs an admitted call of ours. */
TRIVET_MUST_USE enum trivet_status trivet_case_handle(struct trivet_case *c);

/* What becomes of the caller's session now; as durable as any other change. */
TRIVET_MUST_USE enum trivet_status trivet_case_extend_session(
    struct trivet_case *c);
TRIVET_MUST_USE enum trivet_status trivet_case_end_session(
    struct trivet_case *c);

#endif
