/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - trivet(1): its commands, in the order of its help */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "build.h"
#include "cli/commands.h"
#include "cli/lanes.h"
#include "cli/output.h"

static const struct cli_command *const commands[] = {
    &cli_login_command,
    &cli_status_command,
    &cli_call_command,
    &cli_logout_command,
    &cli_ip_command,
    &cli_doctor_command,
    &cli_list_command,
    &cli_use_command,
    &cli_forget_command,
    &cli_import_command,
    &cli_export_command,
    &cli_pins_command,
    &cli_sign_command,
    &cli_verify_command,
    &cli_explain_command,
    &cli_keygen_command,
    &cli_proxy_command,
    &cli_receipt_command,
    &cli_serve_command,
    &cli_wait_command,
    &cli_key_command,
    &cli_user_command,
    &cli_device_command,
    &cli_session_command,
    &cli_prune_command,
    &cli_store_command,
    &cli_audit_command,
    &cli_server_key_command,
    &cli_sandbox_command,
    &cli_clock_command,
    &cli_console_command,
    &cli_log_command,
    &cli_incident_command,
    NULL,
};

static const struct cli_command trivet = {
    .name = "trivet",
    .children = commands,
};

int
main(int argc, char **argv)
{
    cli_output_start();
    (void) setlocale(LC_CTYPE, "");
    argp_err_exit_status = CLI_USAGE;
    argp_program_version = "trivet " TRIVET_VERSION;

    if (argc == 2
        && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0
            || strcmp(argv[1], "version") == 0))
    {
        (void) puts(argp_program_version);
        cli_lanes_tell(false, NULL);
        return CLI_OK;
    }

    if (argc > 0) {
        argv[0] = (char *) (size_t) "trivet";
    }

    return cli_command_run(&trivet, argc, argv);
}
