/* SPDX-License-Identifier: Apache-2.0 */
/* ask_key.c - an API key from a program, or from somebody at a terminal */
#define _GNU_SOURCE
#include "cli/client/ask_key.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/secret.h"
#include "cli/exit.h"
#include "cli/output.h"

/* The first line of fd. False: there is none, or it is too long. */
static bool
read_line(int fd, char out[TRIVET_API_KEY_SIZE])
{
    size_t len = 0;

    while (len < TRIVET_API_KEY_SIZE) {
        ssize_t n = read(fd, out + len, 1);

        if (n < 0) {
            return false;
        }
        if (n == 0 || out[len] == '\n') {
            break;
        }
        len++;
    }
    if (len == TRIVET_API_KEY_SIZE) {
        return false;
    }

    while (len > 0 && strchr(" \t\r", out[len - 1]) != NULL) {
        len--;
    }
    out[len] = '\0';

    return len > 0;
}

/* ---- from a program ----------------------------------------------------- */

/* In the child. */
static void
become(const char *command, int out_fd)
{
    (void) dup2(out_fd, STDOUT_FILENO);
    (void) execl("/bin/sh", "sh", "-c", command, (char *) NULL);
    _exit(127);
}

/* Reads what is left, so that the program can end. */
static void
drain(int fd)
{
    char rest[256];

    while (read(fd, rest, sizeof rest) > 0) {
    }
    trivet_wipe(rest, sizeof rest);
}

int
cli_key_from_command(const char *command, char out[TRIVET_API_KEY_SIZE])
{
    int ends[2];
    int status = -1;
    bool has_line;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return cli_complain(CLI_FAILURE, "a pipe: %s", strerror(errno));
    }

    pid = fork();
    if (pid == 0) {
        become(command, ends[1]);
    }

    (void) close(ends[1]);
    has_line = read_line(ends[0], out);
    drain(ends[0]);
    (void) close(ends[0]);

    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)
        || WEXITSTATUS(status) != 0)
    {
        trivet_wipe(out, TRIVET_API_KEY_SIZE);
        return cli_complain(CLI_FAILURE, "--api-key-command has failed");
    }
    if (!has_line) {
        trivet_wipe(out, TRIVET_API_KEY_SIZE);
        return cli_complain(
            CLI_FAILURE, "--api-key-command has printed no API key");
    }

    return CLI_OK;
}

/* ---- at a terminal ------------------------------------------------------ */

/* Those that would end or stop the program. */
static void
fill_signals(sigset_t *out)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

    (void) sigemptyset(out);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        (void) sigaddset(out, numbers[i]);
    }
}

/* Until somebody has typed a line. False: a signal came instead. It stays
 * pending. */
static bool
wait_for_line(int fd, int signals_fd)
{
    struct pollfd both[] = {
        {.fd = fd, .events = POLLIN}, {.fd = signals_fd, .events = POLLIN}};

    while (poll(both, 2, -1) < 0) {
        if (errno != EINTR && errno != EAGAIN) {
            return false;
        }
    }

    return (both[1].revents & POLLIN) == 0;
}

/* With the terminal silent meanwhile. A signal ends the reading, and does what
 * it does once the terminal is as it was. */
static bool
read_silently(int fd, char out[TRIVET_API_KEY_SIZE])
{
    sigset_t blocked;
    sigset_t old;
    struct termios before;
    struct termios silent;
    bool has_line;
    int signals_fd;

    fill_signals(&blocked);
    signals_fd = signalfd(-1, &blocked, SFD_CLOEXEC);
    if (signals_fd < 0) {
        return false;
    }
    if (tcgetattr(fd, &before) != 0) {
        (void) close(signals_fd);
        return false;
    }

    silent = before;
    silent.c_lflag &= ~(tcflag_t) (ECHO | ECHOE | ECHOK | ECHONL);
    (void) sigprocmask(SIG_BLOCK, &blocked, &old);
    (void) tcsetattr(fd, TCSAFLUSH, &silent);
    (void) dprintf(fd, "API key (it is not shown): ");
    has_line = wait_for_line(fd, signals_fd) && read_line(fd, out);
    (void) dprintf(fd, "\n");
    (void) tcsetattr(fd, TCSAFLUSH, &before);
    (void) close(signals_fd);
    (void) sigprocmask(SIG_SETMASK, &old, NULL);

    return has_line;
}

int
cli_key_from_terminal(char out[TRIVET_API_KEY_SIZE])
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    bool has_line;

    if (fd < 0) {
        return CLI_NOT_FOUND;
    }

    has_line = read_silently(fd, out);
    (void) close(fd);

    return has_line ? CLI_OK : cli_complain(CLI_USAGE, "no API key was given");
}
