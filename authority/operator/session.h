/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - what an operator does with sessions
 */
#ifndef TRIVET_AUTHORITY_OPERATOR_SESSION_H
#define TRIVET_AUTHORITY_OPERATOR_SESSION_H

#include "store/store.h"

/* Ends a session: its next use is refused. Blocks (disk); one transaction with
 * its row in the audit log. TRIVET_E_NOT_FOUND: there is no such session. */
TRIVET_MUST_USE enum trivet_status trivet_operator_end_session(
    struct trivet_store *store, int64_t id, int64_t now_us,
    struct trivet_error *err);

/* Ends all sessions of a user that were not ended; *out_num: how many.
 * TRIVET_E_NOT_FOUND: there is no such user. */
TRIVET_MUST_USE enum trivet_status trivet_operator_end_sessions(
    struct trivet_store *store, int64_t user_id, int64_t now_us,
    int64_t *out_num, struct trivet_error *err);

#endif
