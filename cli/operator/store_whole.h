/* SPDX-License-Identifier: Apache-2.0 */
/* store_whole.h - all that can be checked of a store */
#ifndef TRIVET_CLI_OPERATOR_STORE_WHOLE_H
#define TRIVET_CLI_OPERATOR_STORE_WHOLE_H

#include "store/noun/audit.h"
#include "store/store.h"

/*
 * What a store says of itself, as store check and audit verify read it.
 * *out_admissions: how many sessions are admitted by a row.
 *
 * TRIVET_E_UNTRUSTED  it is damaged, does not agree with itself, or its audit
 *                     log is not whole; err says which command tells more.
 */
TRIVET_MUST_USE enum trivet_status cli_store_check_whole(
    struct trivet_store *store, int64_t *out_admissions,
    struct trivet_audit_report *out_audit, struct trivet_error *err);

#endif
