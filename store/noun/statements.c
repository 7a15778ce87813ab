/* SPDX-License-Identifier: Apache-2.0 */
/* statements.c - every SQL statement of the nouns */
#include "store/noun/statements.h"

const struct trivet_statements *const trivet_noun_statements[] = {
    &trivet_admission_statements,
    &trivet_api_key_statements,
    &trivet_audit_statements,
    &trivet_audit_read_statements,
    &trivet_audit_verify_statements,
    &trivet_change_statements,
    &trivet_checkpoint_statements,
    &trivet_checkpoint_verify_statements,
    &trivet_clock_statements,
    &trivet_device_statements,
    &trivet_hold_statements,
    &trivet_installation_statements,
    &trivet_once_statements,
    &trivet_permitted_ip_statements,
    &trivet_prune_statements,
    &trivet_psp_statements,
    &trivet_reset_statements,
    &trivet_sandbox_statements,
    &trivet_server_key_statements,
    &trivet_session_statements,
    &trivet_user_statements,
    NULL,
};
