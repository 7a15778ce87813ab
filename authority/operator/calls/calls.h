/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.h - the calls of an operator, noun by noun: for the table in
 * authority/operator/calls.c
 *
 * Each runs inside trivet_operator_run: what it is given has the fields that
 * its table asks for.
 */
#ifndef TRIVET_AUTHORITY_OPERATOR_CALLS_CALLS_H
#define TRIVET_AUTHORITY_OPERATOR_CALLS_CALLS_H

#include "authority/operator/call.h"

typedef enum trivet_status trivet_operator_run_fn(
    struct trivet_operation *operation);

extern const struct trivet_operator_field trivet_user_fields[];
trivet_operator_run_fn trivet_operator_user_list;
trivet_operator_run_fn trivet_operator_user_create;
trivet_operator_run_fn trivet_operator_user_auto_logout;
trivet_operator_run_fn trivet_operator_user_end_sessions;

extern const struct trivet_operator_field trivet_key_fields[];
extern const struct trivet_operator_field trivet_made_key_fields[];
trivet_operator_run_fn trivet_operator_key_list;
trivet_operator_run_fn trivet_operator_key_create;
trivet_operator_run_fn trivet_operator_key_label;
trivet_operator_run_fn trivet_operator_key_revoke;
trivet_operator_run_fn trivet_operator_key_allow_all_ips;

extern const struct trivet_operator_field trivet_ip_fields[];
trivet_operator_run_fn trivet_operator_ip_list;
trivet_operator_run_fn trivet_operator_ip_set;

extern const struct trivet_operator_field trivet_device_fields[];
trivet_operator_run_fn trivet_operator_device_list;

extern const struct trivet_operator_field trivet_session_fields[];
trivet_operator_run_fn trivet_operator_session_list;
trivet_operator_run_fn trivet_operator_session_end;

extern const struct trivet_operator_field trivet_server_key_fields[];
extern const struct trivet_operator_field trivet_server_key_use_fields[];
trivet_operator_run_fn trivet_operator_server_key_list;
trivet_operator_run_fn trivet_operator_server_key_uses;
trivet_operator_run_fn trivet_operator_server_key_retire;
extern const struct trivet_operator_field trivet_rotated_fields[];
trivet_operator_run_fn trivet_operator_server_key_rotate;

extern const struct trivet_operator_field trivet_audit_fields[];
extern const struct trivet_operator_field trivet_chain_fields[];
extern const struct trivet_operator_field trivet_audit_report_fields[];
trivet_operator_run_fn trivet_operator_audit_list;
trivet_operator_run_fn trivet_operator_audit_chains;
trivet_operator_run_fn trivet_operator_audit_verify;

extern const char *const trivet_audit_fault_words[];

/* A row of the log, for those who read it another way. */
struct trivet_audit_row;
json_t *trivet_operator_audit_row(const struct trivet_audit_row *row);

extern const struct trivet_operator_field trivet_journal_fields[];
trivet_operator_run_fn trivet_operator_journal_list;

extern const struct trivet_operator_field trivet_pruned_fields[];
trivet_operator_run_fn trivet_operator_prune_count;
trivet_operator_run_fn trivet_operator_prune_run;

extern const struct trivet_operator_field trivet_clock_fields[];
trivet_operator_run_fn trivet_operator_clock_show;
trivet_operator_run_fn trivet_operator_clock_advance;
trivet_operator_run_fn trivet_operator_clock_reset;
extern const struct trivet_operator_field trivet_incident_fields[];
trivet_operator_run_fn trivet_operator_incident_list;
trivet_operator_run_fn trivet_operator_incident_set;
extern const struct trivet_operator_field trivet_reset_fields[];
trivet_operator_run_fn trivet_operator_sandbox_reset;
trivet_operator_run_fn trivet_operator_sandbox_user;

extern const struct trivet_operator_field trivet_provider_fields[];
trivet_operator_run_fn trivet_operator_sandbox_provider;

#endif
