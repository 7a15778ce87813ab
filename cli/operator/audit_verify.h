/* SPDX-License-Identifier: Apache-2.0 */
/* audit_verify.h - trivet audit verify, and how places in chains are written */
#ifndef TRIVET_CLI_OPERATOR_AUDIT_VERIFY_H
#define TRIVET_CLI_OPERATOR_AUDIT_VERIFY_H

#include "cli/commands.h"
#include "store/noun/audit.h"

extern const struct cli_command cli_audit_verify_command;

/* "[CHAIN:]ID", or with hash "[CHAIN:]ID:HASH", into out and hash
 * (TRIVET_DIGEST_LEN bytes; NULL: there is none). False: it is not that. */
bool cli_audit_read_place(
    const char *text, struct trivet_audit_note *out, unsigned char *hash);

#endif
