/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nginx_parts.h - where nginx and our modules are
 *
 * What the environment names, else what lies beside this program, else what is
 * installed. All outputs hold CLI_MAX_PATH bytes. Any thread.
 */
#ifndef TRIVET_CLI_NGINX_PARTS_H
#define TRIVET_CLI_NGINX_PARTS_H

#include "cli/data_dir.h"

/* This program; "" when it is not known. */
void cli_nginx_find_self(char out[CLI_MAX_PATH]);

/* nginx: $TRIVET_NGINX. TRIVET_E_USAGE: it is not there. */
TRIVET_MUST_USE enum trivet_status cli_nginx_find_program(
    const char *self, char out[CLI_MAX_PATH], struct trivet_error *err);

/* A file: $variable, `beside` in the folder of self, or `installed`.
 * TRIVET_E_USAGE: it is not there. */
TRIVET_MUST_USE enum trivet_status cli_nginx_find_part(const char *self,
    const char *variable, const char *beside, const char *installed,
    char out[CLI_MAX_PATH], struct trivet_error *err);

#endif
