/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nginx_run.c - nginx as a child that ends when we end
 *
 * nginx is the leader of a process group of its own, so that a Ctrl-C in the
 * terminal reaches us alone and all its processes can be reached at once. If
 * we are killed, the kernel ends its master (PR_SET_PDEATHSIG), which ends its
 * workers; if its master is killed, we end the workers.
 */
#define _GNU_SOURCE
#include "cli/nginx_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/ticks.h"

enum {
    STOP_MS = 10000,
    RELOAD_MS = 20000,
    STEP_MS = 20,
    MAX_COMPLAINT = 512,
    MAX_WORKERS = 1024
};

static const char flag_run[] = "-q";
static const char flag_test[] = "-t";

static sigset_t
our_signals(void)
{
    sigset_t set;

    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGINT);
    (void) sigaddset(&set, SIGTERM);
    (void) sigaddset(&set, SIGHUP);
    (void) sigaddset(&set, SIGUSR1);
    (void) sigaddset(&set, SIGCHLD);

    return set;
}

/* Started on a terminal, without nohup(1). */
static bool had_terminal;

static bool
has_terminal(void)
{
    int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);

    if (fd >= 0) {
        (void) close(fd);
    }

    return fd >= 0;
}

/* SIGHUP has two meanings: somebody asks for a reload, or the terminal was
 * closed and nobody would end us any more. */
static bool
has_lost_terminal(void)
{
    return had_terminal && !has_terminal();
}

void
cli_nginx_block_signals(void)
{
    sigset_t set = our_signals();
    struct sigaction hangup;

    had_terminal = sigaction(SIGHUP, NULL, &hangup) == 0
                   && hangup.sa_handler != SIG_IGN && has_terminal();

    (void) sigprocmask(SIG_BLOCK, &set, NULL);
    (void) signal(SIGPIPE, SIG_IGN);
}

/* What nginx takes over sockets by, as at an upgrade of its binary. */
static const char sockets_variable[] = "NGINX";

/* nginx is given sockets that listen already. */
static void
hand_sockets_over(const struct cli_nginx *nginx)
{
    char text[CLI_NGINX_MAX_SOCKETS * 16] = "";
    size_t len = 0;

    for (size_t i = 0; i < nginx->num_sockets; i++) {
        int fd = nginx->sockets[i];

        (void) fcntl(fd, F_SETFD, 0); /* it is kept open */
        len += (size_t) snprintf(text + len, sizeof text - len, "%d;", fd);
    }

    if (nginx->num_sockets > 0) {
        (void) setenv(sockets_variable, text, 1);
    }
}

/* In the child: what stderr becomes, and nginx. Does not come back. */
static void
become_nginx(const struct cli_nginx *nginx, int stderr_fd, const char *flag)
{
    sigset_t set = our_signals();
    int null_fd = open("/dev/null", O_RDWR);

    (void) unsetenv(sockets_variable);
    if (strcmp(flag, flag_run) == 0) {
        hand_sockets_over(nginx);
    }
    (void) sigprocmask(SIG_UNBLOCK, &set, NULL);
    (void) signal(SIGPIPE, SIG_DFL);
    (void) dup2(null_fd, STDIN_FILENO);
    (void) dup2(null_fd, STDOUT_FILENO);
    (void) dup2(stderr_fd, STDERR_FILENO);

    (void) execl(nginx->program, "nginx", "-e", nginx->log, "-c", nginx->conf,
        flag, (char *) NULL);
    (void) dprintf(STDERR_FILENO, "nginx: [emerg] %s: %s\n", nginx->program,
        strerror(errno));
    _exit(127);
}

/* The last complaint in nginx's words, without its time and prefix. */
static void
take_complaint(char *text, const char **out)
{
    char *found = NULL;
    char *end;

    for (char *p = text; (p = strstr(p, "[emerg] ")) != NULL; p++) {
        found = p + strlen("[emerg] ");
    }

    if (found == NULL) {
        *out = text[0] == '\0' ? "nginx does not start" : text;
        return;
    }

    end = strchr(found, '\n');
    if (end != NULL) {
        *end = '\0';
    }

    /* "1234#1234: what is wrong" */
    end = strstr(found, ": ");
    *out = end != NULL && strspn(found, "0123456789#") == (size_t) (end - found)
               ? end + 2
               : found;
}

static void
read_all(int fd, char *out, size_t cap)
{
    size_t len = 0;
    char rest[256];
    ssize_t n;

    while (len + 1 < cap && (n = read(fd, out + len, cap - 1 - len)) > 0) {
        len += (size_t) n;
    }
    while (read(fd, rest, sizeof rest) > 0) {
    }

    out[len] = '\0';
}

enum trivet_status
cli_nginx_test(struct cli_nginx *nginx, struct trivet_error *err)
{
    char text[MAX_COMPLAINT];
    const char *complaint;
    int ends[2];
    int status = 0;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return trivet_error_set(
            err, TRIVET_E_INTERNAL, "nginx.test", "%s", strerror(errno));
    }

    pid = fork();
    if (pid == 0) {
        (void) setsid(); /* no terminal to ask for a password at */
        (void) prctl(PR_SET_PDEATHSIG, SIGTERM);
        become_nginx(nginx, ends[1], flag_test);
    }

    (void) close(ends[1]);
    read_all(ends[0], text, sizeof text);
    (void) close(ends[0]);

    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        return trivet_error_set(
            err, TRIVET_E_INTERNAL, "nginx.test", "%s", strerror(errno));
    }

    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        take_complaint(text, &complaint);
        return trivet_error_set(
            err, TRIVET_E_USAGE, "nginx.test", "%s", complaint);
    }

    return TRIVET_OK;
}

enum trivet_status
cli_nginx_start(struct cli_nginx *nginx, struct trivet_error *err)
{
    pid_t us = getpid();
    int log_fd =
        open(nginx->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    if (log_fd < 0) {
        return trivet_error_set(err, TRIVET_E_UNAVAILABLE, "nginx.start",
            "%s: %s", nginx->log, strerror(errno));
    }

    nginx->pid = fork();
    if (nginx->pid == 0) {
        (void) setpgid(0, 0);
        (void) prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != us) {
            _exit(0); /* we were killed meanwhile */
        }
        become_nginx(nginx, log_fd, flag_run);
    }

    (void) close(log_fd);
    if (nginx->pid < 0) {
        return trivet_error_set(
            err, TRIVET_E_INTERNAL, "nginx.start", "fork: %s", strerror(errno));
    }

    (void) setpgid(nginx->pid, nginx->pid);
    return TRIVET_OK;
}

static int
has_ended(struct cli_nginx *nginx)
{
    if (!nginx->has_ended) {
        nginx->has_ended = waitpid(nginx->pid, NULL, WNOHANG) != 0;
    }

    return nginx->has_ended;
}

enum cli_nginx_event
cli_nginx_wait(struct cli_nginx *nginx, int timeout_ms)
{
    sigset_t set = our_signals();
    struct timespec timeout = {
        .tv_sec = timeout_ms / 1000,
        .tv_nsec = (long) (timeout_ms % 1000) * 1000000,
    };

    for (;;) {
        int signal_number = timeout_ms < 0 ? sigwaitinfo(&set, NULL)
                                           : sigtimedwait(&set, NULL, &timeout);

        if (signal_number == SIGCHLD) {
            if (has_ended(nginx)) {
                return CLI_NGINX_ENDED;
            }
            continue;
        }
        if (signal_number == SIGUSR1) {
            return CLI_NGINX_RELOAD;
        }
        if (signal_number == SIGHUP && !has_lost_terminal()) {
            return CLI_NGINX_HANGUP;
        }
        if (signal_number > 0) {
            return CLI_NGINX_SIGNAL;
        }
        if (errno == EAGAIN) {
            return has_ended(nginx) ? CLI_NGINX_ENDED : CLI_NGINX_TIMEOUT;
        }
    }
}

/* ---- reloading --------------------------------------------------------- */

struct workers {
    size_t num_workers;
    long pids[MAX_WORKERS];
};

static void
read_workers(const struct cli_nginx *nginx, struct workers *out)
{
    char path[64];
    FILE *from;

    out->num_workers = 0;
    (void) snprintf(path, sizeof path, "/proc/%ld/task/%ld/children",
        (long) nginx->pid, (long) nginx->pid);
    from = fopen(path, "re");
    if (from == NULL) {
        return;
    }

    while (out->num_workers < MAX_WORKERS
           && fscanf(from, "%ld", &out->pids[out->num_workers]) == 1)
    {
        out->num_workers++;
    }

    (void) fclose(from);
}

static bool
has_worker(const struct workers *workers, long pid)
{
    for (size_t i = 0; i < workers->num_workers; i++) {
        if (workers->pids[i] == pid) {
            return true;
        }
    }

    return false;
}

/* A worker's title says so. */
static bool
is_shutting_down(long pid)
{
    char path[64];
    char title[256];
    size_t len;
    FILE *from;

    (void) snprintf(path, sizeof path, "/proc/%ld/cmdline", pid);
    from = fopen(path, "re");
    if (from == NULL) {
        return true; /* it is gone */
    }

    len = fread(title, 1, sizeof title - 1, from);
    (void) fclose(from);
    title[len] = '\0';

    return len == 0 || strstr(title, "shutting down") != NULL;
}

/* There are others than `old`, and of these none takes new connections. */
static bool
has_changed(const struct workers *old, const struct workers *now)
{
    bool has_new = false;

    for (size_t i = 0; i < now->num_workers; i++) {
        if (!has_worker(old, now->pids[i])) {
            has_new = true;
        } else if (!is_shutting_down(now->pids[i])) {
            return false;
        }
    }

    return has_new;
}

enum trivet_status
cli_nginx_reload(struct cli_nginx *nginx, struct trivet_error *err)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    static struct workers old; /* large */
    static struct workers now;

    read_workers(nginx, &old);
    (void) kill(nginx->pid, SIGHUP);

    for (int ms = 0; ms < RELOAD_MS; ms += STEP_MS) {
        (void) nanosleep(&step, NULL);
        read_workers(nginx, &now);
        if (has_changed(&old, &now)) {
            return TRIVET_OK;
        }
    }

    return trivet_error_set(err, TRIVET_E_INTERNAL, "nginx.reload",
        "nginx has not changed its workers; see %s", nginx->log);
}

void
cli_nginx_drain(struct cli_nginx *nginx, int timeout_ms)
{
    int64_t end_ms = trivet_ticks_ms() + timeout_ms;

    if (nginx->has_ended) {
        return;
    }

    (void) kill(nginx->pid, SIGQUIT);
    for (;;) {
        int64_t left_ms = end_ms - trivet_ticks_ms();
        enum cli_nginx_event event;

        if (left_ms <= 0) {
            return;
        }

        event = cli_nginx_wait(nginx, (int) left_ms);
        if (event == CLI_NGINX_ENDED || event == CLI_NGINX_SIGNAL) {
            return;
        }
    }
}

void
cli_nginx_stop(struct cli_nginx *nginx)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};

    if (!nginx->has_ended) {
        (void) kill(nginx->pid, SIGTERM);
    }

    for (int ms = 0; ms < STOP_MS && !has_ended(nginx); ms += STEP_MS) {
        (void) nanosleep(&step, NULL);
    }

    /* Whoever is left of the group. */
    (void) kill(-nginx->pid, SIGKILL);
    if (!nginx->has_ended) {
        (void) waitpid(nginx->pid, NULL, 0);
    }
}
