/* SPDX-License-Identifier: Apache-2.0 */
/* test_listen.c - which sockets callers of the proxy may connect to */
#define _GNU_SOURCE
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/proxy/listen.h"
#include "tests/unit/scratch.h"

enum { MOST = sizeof(((struct sockaddr_un *) NULL)->sun_path) };

static void
an_option_is_loopback_or_a_path(void **state)
{
    static const char *const good[][2] = {{"127.0.0.1:0", "127.0.0.1:0"},
        {"127.1.2.3:65535", "127.1.2.3:65535"}, {"localhost:1", "127.0.0.1:1"},
        {"[::1]:8480", "[::1]:8480"}};
    static const char *const bad[] = {"", ":", ":1", "127.0.0.1",
        "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1: 1",
        "127.0.0.1:1x", "127.0.0.1:99999999999999999999", "0.0.0.0:1", "[::]:1",
        "10.0.0.1:1", "[::ffff:127.0.0.1]:1", "example.com:1", "128.0.0.1:1",
        "127.1:1", "[127.0.0.1:1", "unix:", "unix:/a\nb", "unix:/a;b",
        "unix:/a b{", "unix:/a:b", "unix:/a\"", "[]:1", "%s%n:1"};
    char huge[4096];
    struct cli_listener listener;

    (void) state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(
            cli_listener_read("--listen", good[i][0], &listener, NULL),
            TRIVET_OK);
        assert_string_equal(listener.address, good[i][1]);
        assert_string_equal(listener.path, "");
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (cli_listener_read("--listen", bad[i], &listener, NULL) == TRIVET_OK)
        {
            fail_msg("%s", bad[i]);
        }
    }

    memset(huge, '1', sizeof huge);
    huge[sizeof huge - 1] = '\0';
    huge[sizeof huge - 3] = ':';
    assert_int_not_equal(
        cli_listener_read("--listen", huge, &listener, NULL), TRIVET_OK);
    memcpy(huge, "unix:/", 6);
    assert_int_not_equal(
        cli_listener_read("--listen", huge, &listener, NULL), TRIVET_OK);
}

/* A socket of a kind that is bound to a path of that length. */
static int
bound(int kind, const char *path, size_t len, bool listens)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, kind, 0);

    assert_true(fd >= 0 && len <= MOST);
    memcpy(address.sun_path, path, len);
    (void) unlink(path);
    if (bind(fd, (const struct sockaddr *) &address,
            (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len))
        != 0)
    {
        fail_msg("%s: %s", path, strerror(errno));
    }
    assert_true(!listens || listen(fd, 1) == 0);
    return fd;
}

static int
bound_to(uint32_t address, bool listens)
{
    struct sockaddr_in four = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *) &four, sizeof four), 0);
    assert_true(!listens || listen(fd, 1) == 0);
    return fd;
}

static void
is_refused(int fd)
{
    struct cli_listener listener;

    assert_int_equal(cli_listener_take(fd, &listener, NULL), TRIVET_E_USAGE);
    assert_int_equal(listener.fd, -1);
    (void) close(fd);
}

static void
a_given_socket_is_taken(void **state)
{
    struct scratch scratch;
    struct cli_listener listener;
    struct stat found;
    char path[MAX_SCRATCH_PATH];
    int fd;

    (void) state;
    scratch_make(&scratch);
    scratch_name(&scratch, "given", path);
    fd = bound(SOCK_STREAM, path, strlen(path), true);
    assert_int_equal(cli_listener_take(fd, &listener, NULL), TRIVET_OK);
    assert_string_equal(listener.path, path);
    assert_int_equal(cli_listener_open(&listener, NULL), TRIVET_OK);
    assert_int_equal(listener.fd, fd);
    cli_listener_close(&listener);
    assert_int_equal(stat(path, &found), 0); /* the manager's */

    fd = bound_to(INADDR_LOOPBACK, true);
    assert_int_equal(cli_listener_take(fd, &listener, NULL), TRIVET_OK);
    assert_memory_equal(listener.address, "127.0.0.1:", 10);
    cli_listener_close(&listener);
    scratch_remove(&scratch);
}

/* Whoever started us gave something else, or what nginx could not be told. */
static void
what_is_no_listener_is_refused(void **state)
{
    struct scratch scratch;
    char path[MAX_SCRATCH_PATH];
    int ends[2];

    (void) state;
    scratch_make(&scratch);
    scratch_name(&scratch, "given", path);
    is_refused(bound(SOCK_STREAM, path, strlen(path), false));
    is_refused(bound(SOCK_DGRAM, path, strlen(path), false));
    is_refused(bound(SOCK_SEQPACKET, path, strlen(path), true));
    is_refused(bound(SOCK_STREAM, "\0trivet-unit", 12, true));
    is_refused(socket(AF_UNIX, SOCK_STREAM, 0));
    scratch_name(&scratch, "a;b", path);
    is_refused(bound(SOCK_STREAM, path, strlen(path), true));
    scratch_name(&scratch, "a\nb", path);
    is_refused(bound(SOCK_STREAM, path, strlen(path), true));
    scratch_name(&scratch, "a:b", path);
    is_refused(bound(SOCK_STREAM, path, strlen(path), true));
    is_refused(bound_to(INADDR_LOOPBACK, false));
    is_refused(bound_to(INADDR_ANY, true));
    assert_int_equal(pipe(ends), 0);
    is_refused(ends[0]);
    is_refused(ends[1]);
    is_refused(-1);
    scratch_remove(&scratch);
}

/* sun_path may be full: then no zero byte is behind it. */
static void
the_longest_paths(void **state)
{
    struct scratch scratch;
    struct cli_listener listener;
    char path[MAX_SCRATCH_PATH];
    int fd;

    (void) state;
    scratch_make(&scratch);
    scratch_name(&scratch, "", path);
    assert_true(strlen(path) < MOST);
    memset(path + strlen(path), 'x', MOST - strlen(path));
    path[MOST] = '\0';
    is_refused(bound(SOCK_STREAM, path, MOST, true));

    (void) unlink(path);
    path[MOST - 1] = '\0';
    fd = bound(SOCK_STREAM, path, MOST - 1, true);
    assert_int_equal(cli_listener_take(fd, &listener, NULL), TRIVET_OK);
    assert_string_equal(listener.path, path);
    cli_listener_close(&listener);
    scratch_remove(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_option_is_loopback_or_a_path),
        cmocka_unit_test(a_given_socket_is_taken),
        cmocka_unit_test(what_is_no_listener_is_refused),
        cmocka_unit_test(the_longest_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
