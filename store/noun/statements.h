/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statements.h - every SQL statement of the nouns
 *
 * Each noun's file ends with the list of its statements. To see them all, as a
 * test of their plans does, go through trivet_noun_statements.
 */
#ifndef TRIVET_STORE_NOUN_STATEMENTS_H
#define TRIVET_STORE_NOUN_STATEMENTS_H

#include "store/statement.h"

struct trivet_statements {
    const struct trivet_statement *const *all;
    size_t num;
};

#define TRIVET_STATEMENTS(list)                                                \
    {                                                                          \
        .all = (list), .num = sizeof(list) / sizeof((list)[0])                 \
    }

extern const struct trivet_statements trivet_admission_statements;
extern const struct trivet_statements trivet_api_key_statements;
extern const struct trivet_statements trivet_audit_statements;
extern const struct trivet_statements trivet_audit_read_statements;
extern const struct trivet_statements trivet_audit_verify_statements;
extern const struct trivet_statements trivet_change_statements;
extern const struct trivet_statements trivet_checkpoint_statements;
extern const struct trivet_statements trivet_checkpoint_verify_statements;
extern const struct trivet_statements trivet_clock_statements;
extern const struct trivet_statements trivet_device_statements;
extern const struct trivet_statements trivet_hold_statements;
extern const struct trivet_statements trivet_installation_statements;
extern const struct trivet_statements trivet_once_statements;
extern const struct trivet_statements trivet_permitted_ip_statements;
extern const struct trivet_statements trivet_prune_statements;
extern const struct trivet_statements trivet_psp_statements;
extern const struct trivet_statements trivet_reset_statements;
extern const struct trivet_statements trivet_sandbox_statements;
extern const struct trivet_statements trivet_server_key_statements;
extern const struct trivet_statements trivet_session_statements;
extern const struct trivet_statements trivet_user_statements;

/* Of every noun; NULL at the end. */
extern const struct trivet_statements *const trivet_noun_statements[];

#endif
