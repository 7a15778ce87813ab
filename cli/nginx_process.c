/* SPDX-License-Identifier: Apache-2.0 */
/* nginx_process.c - the parts of a configuration that each nginx of ours has */
#define _DEFAULT_SOURCE
#include "cli/nginx_process.h"

#include <sys/resource.h>
#include <unistd.h>

#include "cli/text.h"

enum {
    CONNECTIONS = 16384, /* of a worker, the API's too */
    MAX_FILES = 2 * CONNECTIONS,
    MAX_COUNT_TEXT = 16
};

/* What the process may have open: nginx complains when it asks for more. */
static unsigned long
max_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0
        || limit.rlim_max > (rlim_t) MAX_FILES)
    {
        return MAX_FILES;
    }

    return (unsigned long) limit.rlim_max;
}

void
cli_nginx_put_process(FILE *to, const struct cli_nginx_process *process)
{
    unsigned long files = max_files();
    unsigned long connections =
        files / 2 < CONNECTIONS ? files / 2 : CONNECTIONS;
    char workers[MAX_COUNT_TEXT];

    (void) snprintf(workers, sizeof workers, "%u", process->num_workers);
    (void) fprintf(to,
        "# Made by %s at each start: changes here are lost.\n"
        "load_module \"%s\";\n"
        "daemon off;\n"
        "master_process on;\n"
        "worker_processes %s;\n"
        "worker_rlimit_nofile %lu;\n"
        "pid \"%s/nginx.pid\";\n"
        "error_log \"%s/log/error.log\" notice;\n"
        "thread_pool default threads=%u max_queue=65536;\n"
        "%s"
        "\n"
        "events {\n"
        "    worker_connections %lu;\n"
        "}\n"
        "\n",
        process->made_by, process->module,
        cli_text_of(process->num_workers == 0, "auto", workers), files,
        process->dir, process->dir, process->num_threads,
        cli_text_if(geteuid() == 0, "user root;\n"), connections);
}

void
cli_nginx_put_temporary(FILE *to, const char *dir)
{
    static const char *const names[] = {
        "client_body", "proxy", "fastcgi", "uwsgi", "scgi"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void) fprintf(
            to, "    %s_temp_path \"%s/tmp/%s\";\n", names[i], dir, names[i]);
    }
}
