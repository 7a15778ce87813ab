/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nginx_process.h - the parts of a configuration that each nginx of ours has
 *
 * dir: the folder of nginx.pid, log/ and tmp/. Any thread.
 */
#ifndef TRIVET_CLI_NGINX_PROCESS_H
#define TRIVET_CLI_NGINX_PROCESS_H

#include <stdio.h>

struct cli_nginx_process {
    const char *made_by; /* the command, such as "trivet serve" */
    const char *module;  /* the path of the module to load      */
    const char *dir;
    unsigned num_workers; /* 0: one for each processor */
    unsigned num_threads; /* of a worker's pool        */
};

/* What stands before "http {". */
void cli_nginx_put_process(FILE *to, const struct cli_nginx_process *process);

/* Inside "http {": where temporary files are, though hardly any is made. */
void cli_nginx_put_temporary(FILE *to, const char *dir);

#endif
