/* SPDX-License-Identifier: Apache-2.0 */
/* test_service.c - what a service manager is told, and what is taken of it */
#define _GNU_SOURCE
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/service.h"
#include "tests/unit/scratch.h"

enum { FIRST_SOCKET = 3, NONE = 255 };

/* A manager's socket at `name`, whose first '@' stands for a zero byte. */
static int
hear_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    size_t len = strlen(name);

    assert_true(fd >= 0 && len <= sizeof address.sun_path);
    memcpy(address.sun_path, name, len);
    if (name[0] == '@') {
        address.sun_path[0] = '\0';
    }
    assert_int_equal(
        bind(fd, (const struct sockaddr *) &address,
            (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len)),
        0);
    return fd;
}

/* One word; "" when there is none. */
static void
hear(int fd, char out[128])
{
    ssize_t len = recv(fd, out, 127, 0);

    out[len < 0 ? 0 : len] = '\0';
}

static void
say_all(const char *name)
{
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    cli_service_tell_ready();
    cli_service_tell_reloading();
    cli_service_tell_alive();
    cli_service_tell_stopping();
}

static void
words_are_heard(int manager)
{
    char word[128];

    hear(manager, word);
    assert_string_equal(word, "READY=1");
    hear(manager, word);
    assert_memory_equal(word, "RELOADING=1\nMONOTONIC_USEC=", 27);
    assert_true(atoll(word + 27) > 0);
    hear(manager, word);
    assert_string_equal(word, "WATCHDOG=1");
    hear(manager, word);
    assert_string_equal(word, "STOPPING=1");
    hear(manager, word);
    assert_string_equal(word, "");
}

static void
a_manager_hears_each_word(void **state)
{
    struct scratch scratch;
    char name[MAX_SCRATCH_PATH];
    int manager;

    (void) state;
    scratch_make(&scratch);
    scratch_name(&scratch, "notify", name);
    manager = hear_at(name);
    say_all(name);
    words_are_heard(manager);
    (void) close(manager);

    (void) snprintf(name, sizeof name, "@trivet-unit-%d", (int) getpid());
    manager = hear_at(name);
    say_all(name);
    words_are_heard(manager);
    (void) close(manager);
    scratch_remove(&scratch);
}

/* The longest name that a socket can have has no zero byte behind it. */
static void
the_longest_name_is_one(void **state)
{
    const size_t most = sizeof((struct sockaddr_un *) NULL)->sun_path;
    char name[128];
    char word[128];
    int manager;

    (void) state;
    memset(name, 'x', sizeof name);
    (void) snprintf(name, sizeof name, "@%d", (int) getpid());
    name[strlen(name)] = 'x';
    name[most - 1] = '\0';
    manager = hear_at(name);
    say_all(name);
    words_are_heard(manager);

    name[most - 1] = 'x'; /* one more, which the kernel would take */
    name[most] = '\0';
    say_all(name);
    hear(manager, word);
    assert_string_equal(word, "");
    (void) close(manager);
}

/* Nothing is said, nothing waits, and nothing ends the process. */
static void
what_is_no_manager_is_passed_over(void **state)
{
    static const char *const odd[] = {"", "@", "/", "x", "notify", "./notify",
        "vsock:2:1234", "unix:/run/x", "tcp:127.0.0.1:1", "/no/such/socket",
        "/dev/null", "/tmp", "@/no/such", "@@", "//", "\n", "/\xff\xfe",
        "%s%n%s%n"};
    char huge[100000];
    int before = dup(0);
    int after;

    (void) state;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        say_all(odd[i]);
    }
    memset(huge, '/', sizeof huge);
    huge[sizeof huge - 1] = '\0';
    say_all(huge);
    huge[0] = '@';
    say_all(huge);
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    cli_service_tell_ready();

    after = dup(0); /* no descriptor is left open */
    assert_int_equal(after, before + 1);
    (void) close(before);
    (void) close(after);
}

/* A stream is no manager's, and one that is closed does not kill us. */
static void
a_socket_of_another_kind_is_passed_over(void **state)
{
    struct scratch scratch;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[MAX_SCRATCH_PATH];
    int stream = socket(AF_UNIX, SOCK_STREAM, 0);

    (void) state;
    scratch_make(&scratch);
    scratch_name(&scratch, "stream", name);
    (void) snprintf(address.sun_path, sizeof address.sun_path, "%.100s", name);
    assert_int_equal(
        bind(stream, (const struct sockaddr *) &address, sizeof address), 0);
    assert_int_equal(listen(stream, 1), 0);
    say_all(name);
    (void) close(stream);
    say_all(name);
    scratch_remove(&scratch);
}

/* ---- the watchdog -------------------------------------------------------- */

static bool
wants_sign(const char *us, const char *pid)
{
    assert_int_equal(setenv("WATCHDOG_USEC", us, 1), 0);
    if (pid == NULL) {
        (void) unsetenv("WATCHDOG_PID");
    } else {
        assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
    }
    return cli_service_wants_sign();
}

static void
a_sign_is_wanted_four_times_in_the_time(void **state)
{
    static const char *const none[] = {"", "0", "-1", " 1000", "1000 ", "1e3",
        "0x10", "us", "1000us", "+1", "\xff"};
    char us[16];
    char other[16];

    (void) state;
    (void) snprintf(us, sizeof us, "%d", (int) getpid());
    (void) snprintf(other, sizeof other, "%d", (int) getpid() + 1);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_false(wants_sign(none[i], NULL));
    }
    assert_false(wants_sign("1000", other));
    assert_false(wants_sign("1000", ""));
    assert_false(wants_sign("1000", "x"));

    assert_true(wants_sign("1000", us)); /* each 250 us: at once again */
    assert_true(wants_sign("1000", NULL));
    /* more than any number: never again */
    assert_true(wants_sign("99999999999999999999999999", NULL));
    assert_false(wants_sign("1000", NULL));
    (void) unsetenv("WATCHDOG_USEC");
    assert_false(cli_service_wants_sign());
}

/* ---- sockets ------------------------------------------------------------- */

static void
set(const char *name, const char *value)
{
    if (value != NULL) {
        (void) setenv(name, value, 1);
    } else {
        (void) unsetenv(name);
    }
}

/* In a process of its own, since the variables are of one process. NULL as pid:
 * that process's. Which descriptor is taken; NONE: none. */
static int
take(const char *pid, const char *fds, bool is_open)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        char own[16];
        int fd;

        (void) snprintf(own, sizeof own, "%d", (int) getpid());
        set("LISTEN_PID", pid == NULL ? own : pid);
        set("LISTEN_FDS", fds);
        (void) close(FIRST_SOCKET);
        if (is_open) {
            (void) dup2(STDIN_FILENO, FIRST_SOCKET);
        }
        fd = cli_service_take_socket();
        if (getenv("LISTEN_PID") != NULL || getenv("LISTEN_FDS") != NULL) {
            _exit(100);
        }
        if (fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0) {
            _exit(101);
        }
        _exit(fd < 0 ? NONE : fd);
    }

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
one_socket_for_this_process_is_taken(void **state)
{
    static const char *const pids[] = {"", "0", "1", "-1", "x", " ",
        "99999999999999999999999", "18446744073709551615", "0x1"};
    static const char *const fds[] = {NULL, "", "0", "2", "-1", "1x", " 1",
        "1 ", "01x", "4294967297", "18446744073709551617", "99999999999999999",
        "one", "\n1"};

    (void) state;
    assert_int_equal(take(NULL, "1", true), FIRST_SOCKET);
    assert_int_equal(take(NULL, "1", false), NONE);
    for (size_t i = 0; i < sizeof pids / sizeof pids[0]; i++) {
        assert_int_equal(take(pids[i], "1", true), NONE);
    }
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        assert_int_equal(take(NULL, fds[i], true), NONE);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manager_hears_each_word),
        cmocka_unit_test(the_longest_name_is_one),
        cmocka_unit_test(what_is_no_manager_is_passed_over),
        cmocka_unit_test(a_socket_of_another_kind_is_passed_over),
        cmocka_unit_test(a_sign_is_wanted_four_times_in_the_time),
        cmocka_unit_test(one_socket_for_this_process_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
