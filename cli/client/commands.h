/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h - the client half of the command table in main.c */
#ifndef TRIVET_CLI_CLIENT_COMMANDS_H
#define TRIVET_CLI_CLIENT_COMMANDS_H

int cli_login_main(int argc, char **argv);
int cli_status_main(int argc, char **argv);
int cli_call_main(int argc, char **argv);
int cli_logout_main(int argc, char **argv);
int cli_forget_main(int argc, char **argv);
int cli_ip_main(int argc, char **argv);
int cli_context_device_list(int argc, char **argv);
int cli_sign_main(int argc, char **argv);
int cli_verify_main(int argc, char **argv);
int cli_explain_main(int argc, char **argv);
int cli_doctor_main(int argc, char **argv);
int cli_keygen_main(int argc, char **argv);
int cli_pins_main(int argc, char **argv);
int cli_list_main(int argc, char **argv);
int cli_use_main(int argc, char **argv);
int cli_import_main(int argc, char **argv);
int cli_export_main(int argc, char **argv);

#endif
