/* SPDX-License-Identifier: Apache-2.0 */
/* nginx_version.c - which nginx it is */
#define _GNU_SOURCE
#include "cli/nginx_version.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_TEXT = 256 };

/* What "nginx -v" writes to standard error; "": it does not run. */
static void
ask(const char *program, char out[MAX_TEXT])
{
    size_t len = 0;
    int ends[2];
    ssize_t n;
    pid_t pid;

    out[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return;
    }

    pid = fork();
    if (pid == 0) {
        (void) dup2(ends[1], STDERR_FILENO);
        (void) execl(program, "nginx", "-v", (char *) NULL);
        _exit(127);
    }

    (void) close(ends[1]);
    while (len < MAX_TEXT - 1
           && (n = read(ends[0], out + len, MAX_TEXT - 1 - len)) > 0)
    {
        len += (size_t) n;
    }
    out[len] = '\0';
    (void) close(ends[0]);

    if (pid > 0) {
        (void) waitpid(pid, NULL, 0);
    }
}

bool
cli_nginx_has_http2_directive(const char *program)
{
    char text[MAX_TEXT];
    unsigned major = 0;
    unsigned minor = 0;
    unsigned patch = 0;
    const char *found;

    ask(program, text);
    found = strstr(text, "nginx/");
    if (found == NULL
        || sscanf(found, "nginx/%3u.%3u.%3u", &major, &minor, &patch) != 3)
    {
        return false;
    }

    return major * 1000000 + minor * 1000 + patch >= 1025001;
}
