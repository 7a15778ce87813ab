/* SPDX-License-Identifier: Apache-2.0 */
/* service.c - what a service and its manager tell each other */
#define _GNU_SOURCE
#include "cli/service.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/ticks.h"

enum {
    FIRST_SOCKET = 3,  /* where sd_listen_fds(3) begins */
    SIGNS_IN_TIME = 4, /* so many, where one is waited for */
    MAX_WORD = 64
};

static const char notify_variable[] = "NOTIFY_SOCKET";

/* A number in the environment; -1: none. */
static long long
number_of(const char *name)
{
    const char *text = getenv(name);
    char *end;
    long long number;

    if (text == NULL || text[0] < '0' || text[0] > '9') {
        return -1;
    }

    number = strtoll(text, &end, 10);
    return *end == '\0' ? number : -1;
}

/* ---- words -------------------------------------------------------------- */

/* The manager's address; 0: there is none. A name that begins with @ has no
 * file. */
static socklen_t
find_manager(struct sockaddr_un *out)
{
    const char *name = getenv(notify_variable);
    size_t len = name == NULL ? 0 : strlen(name);

    if (len < 2 || len >= sizeof out->sun_path
        || (name[0] != '/' && name[0] != '@'))
    {
        return 0;
    }

    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(out->sun_path, name, len);
    if (name[0] == '@') {
        out->sun_path[0] = '\0';
    }

    return (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len);
}

/* A manager that does not listen is no failure of ours. */
static void
tell(const char *word)
{
    struct sockaddr_un manager;
    socklen_t len = find_manager(&manager);
    int fd;

    if (len == 0) {
        return;
    }

    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }

    (void) sendto(fd, word, strlen(word), MSG_NOSIGNAL,
        (const struct sockaddr *) &manager, len);
    (void) close(fd);
}

void
cli_service_tell_ready(void)
{
    tell("READY=1");
}

void
cli_service_tell_reloading(void)
{
    char word[MAX_WORD];
    struct timespec now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    (void) snprintf(word, sizeof word, "RELOADING=1\nMONOTONIC_USEC=%lld",
        (long long) now.tv_sec * 1000000 + now.tv_nsec / 1000);
    tell(word);
}

void
cli_service_tell_stopping(void)
{
    tell("STOPPING=1");
}

void
cli_service_tell_alive(void)
{
    tell("WATCHDOG=1");
}

/* ---- what is asked ------------------------------------------------------ */

/* The variables are for one process, not for its children. */
static bool
is_for_us(const char *name)
{
    return number_of(name) == (long long) getpid();
}

bool
cli_service_wants_sign(void)
{
    static int64_t next_ms;
    long long us = number_of("WATCHDOG_USEC");
    int64_t now_ms = trivet_ticks_ms();

    if (us <= 0 || now_ms < next_ms
        || (getenv("WATCHDOG_PID") != NULL && !is_for_us("WATCHDOG_PID")))
    {
        return false;
    }

    next_ms = now_ms + us / 1000 / SIGNS_IN_TIME;
    return true;
}

int
cli_service_take_socket(void)
{
    bool has_one = is_for_us("LISTEN_PID") && number_of("LISTEN_FDS") == 1;

    (void) unsetenv("LISTEN_PID");
    (void) unsetenv("LISTEN_FDS");
    if (!has_one || fcntl(FIRST_SOCKET, F_SETFD, FD_CLOEXEC) != 0) {
        return -1;
    }

    return FIRST_SOCKET;
}
