/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h - the commands of trivet(1), each in a file of its own */
#ifndef TRIVET_CLI_COMMANDS_H
#define TRIVET_CLI_COMMANDS_H

#include "cli/command.h"

extern const struct cli_command cli_login_command;
extern const struct cli_command cli_status_command;
extern const struct cli_command cli_call_command;
extern const struct cli_command cli_logout_command;
extern const struct cli_command cli_ip_command;
extern const struct cli_command cli_doctor_command;
extern const struct cli_command cli_list_command;
extern const struct cli_command cli_use_command;
extern const struct cli_command cli_forget_command;
extern const struct cli_command cli_import_command;
extern const struct cli_command cli_export_command;
extern const struct cli_command cli_pins_command;
extern const struct cli_command cli_sign_command;
extern const struct cli_command cli_verify_command;
extern const struct cli_command cli_explain_command;
extern const struct cli_command cli_keygen_command;
extern const struct cli_command cli_proxy_command;
extern const struct cli_command cli_receipt_command;
extern const struct cli_command cli_serve_command;
extern const struct cli_command cli_wait_command;
extern const struct cli_command cli_key_command;
extern const struct cli_command cli_user_command;
extern const struct cli_command cli_device_command;
extern const struct cli_command cli_session_command;
extern const struct cli_command cli_prune_command;
extern const struct cli_command cli_store_command;
extern const struct cli_command cli_audit_command;
extern const struct cli_command cli_server_key_command;
extern const struct cli_command cli_sandbox_command;
extern const struct cli_command cli_clock_command;
extern const struct cli_command cli_console_command;
extern const struct cli_command cli_log_command;
extern const struct cli_command cli_incident_command;

/* "device list" of a context, not of a store. */
extern const struct cli_command cli_context_device_command;

#endif
