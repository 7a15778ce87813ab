/* SPDX-License-Identifier: Apache-2.0 */
/* listen.c - the socket that callers on this machine connect to */
#define _DEFAULT_SOURCE
#include "cli/proxy/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "authority/operator/nginx_path.h"
#include "cli/text.h"

enum { BACKLOG = 511, MAX_HOST = 48 };

_Static_assert(sizeof((struct cli_listener *) NULL)->path
                   == sizeof((struct sockaddr_un *) NULL)->sun_path,
    "a listener's path is a socket's");

static const char unix_prefix[] = "unix:";

union any_address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    struct sockaddr_un file;
};

/* ---- reading ------------------------------------------------------------ */

static enum trivet_status
refuse(const char *option, const char *text, const char *why,
    struct trivet_error *err)
{
    return trivet_error_set(
        err, TRIVET_E_USAGE, "proxy", "%s %.100s: %s", option, text, why);
}

static bool
nginx_can_read(const char *path)
{
    return trivet_nginx_accepts_path(path) && strchr(path, ':') == NULL;
}

static enum trivet_status
read_path(const char *option, const char *path, struct cli_listener *out,
    struct trivet_error *err)
{
    char absolute[CLI_MAX_PATH];
    size_t len;

    TRIVET_TRY(cli_absolute_path(path, absolute, err));

    len = strlen(absolute);
    if (path[0] == '\0' || len >= sizeof out->path) {
        return refuse(
            option, path, "not a path, or too long for a socket", err);
    }

    memcpy(out->path, absolute, len + 1);
    if (!nginx_can_read(out->path)) {
        return refuse(option, path, "a character that nginx cannot read", err);
    }

    return TRIVET_OK;
}

/* The whole of 127.0.0.0/8, and ::1. */
static bool
is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;

    if (inet_pton(AF_INET, host, &four) == 1) {
        return ntohl(four.s_addr) >> 24 == 127;
    }

    return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* The host without brackets, and the port. */
static bool
split(const char *text, char host[MAX_HOST], unsigned *out_port)
{
    const char *colon = strrchr(text, ':');
    const char *begin = text;
    size_t len;
    char *end;
    unsigned long port;

    if (colon == NULL || colon[1] < '0' || colon[1] > '9') {
        return false;
    }

    len = (size_t) (colon - text);
    if (len > 2 && text[0] == '[' && colon[-1] == ']') {
        begin++;
        len -= 2;
    }
    if (len == 0 || len >= MAX_HOST) {
        return false;
    }

    (void) snprintf(host, MAX_HOST, "%.*s", (int) len, begin);
    port = strtoul(colon + 1, &end, 10);
    *out_port = (unsigned) port;

    return *end == '\0' && port <= 65535;
}

static void
set_address(struct cli_listener *listener, const char *host, unsigned port)
{
    bool is_six = strchr(host, ':') != NULL;

    (void) snprintf(listener->address, sizeof listener->address, "%s%s%s:%u",
        cli_text_if(is_six, "["), host, cli_text_if(is_six, "]"), port);
}

enum trivet_status
cli_listener_read(const char *option, const char *text,
    struct cli_listener *out, struct trivet_error *err)
{
    char host[MAX_HOST];
    unsigned port;

    *out = (struct cli_listener){.fd = -1};
    if (strncmp(text, unix_prefix, sizeof unix_prefix - 1) == 0) {
        return read_path(option, text + sizeof unix_prefix - 1, out, err);
    }
    if (!split(text, host, &port)) {
        return refuse(option, text,
            "not an address and a port such as 127.0.0.1:8480, [::1]:8480 or "
            "unix:/run/user/1000/bunq",
            err);
    }
    if (strcmp(host, "localhost") == 0) {
        (void) snprintf(host, sizeof host, "127.0.0.1");
    }
    if (!is_loopback(host)) {
        return refuse(option, text,
            "not a loopback address: whoever reaches it calls in your name",
            err);
    }

    set_address(out, host, port);
    return TRIVET_OK;
}

/* ---- opening ------------------------------------------------------------ */

static socklen_t
fill(const struct cli_listener *listener, union any_address *out)
{
    char host[MAX_HOST];
    unsigned port;

    memset(out, 0, sizeof *out);
    if (listener->path[0] != '\0') {
        out->file.sun_family = AF_UNIX;
        memcpy(out->file.sun_path, listener->path, sizeof listener->path);
        return sizeof out->file;
    }

    (void) split(listener->address, host, &port);
    if (inet_pton(AF_INET, host, &out->four.sin_addr) == 1) {
        out->four.sin_family = AF_INET;
        out->four.sin_port = htons((uint16_t) port);
        return sizeof out->four;
    }

    (void) inet_pton(AF_INET6, host, &out->six.sin6_addr);
    out->six.sin6_family = AF_INET6;
    out->six.sin6_port = htons((uint16_t) port);
    return sizeof out->six;
}

/* A socket's file stays when its process is killed. */
static void
remove_left(const union any_address *address, socklen_t len)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct stat found;
    bool is_left = fd >= 0 && lstat(address->file.sun_path, &found) == 0
                   && S_ISSOCK(found.st_mode)
                   && connect(fd, &address->any, len) != 0
                   && errno == ECONNREFUSED;

    if (fd >= 0) {
        (void) close(fd);
    }
    if (is_left) {
        (void) unlink(address->file.sun_path);
    }
}

static bool
bind_and_listen(struct cli_listener *listener, int fd)
{
    union any_address address;
    socklen_t len = fill(listener, &address);
    bool is_file = listener->path[0] != '\0';
    int on = 1;
    mode_t mask;
    bool is_bound;

    if (is_file) {
        remove_left(&address, len);
    }

    mask = umask(0177);
    is_bound = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
               && bind(fd, &address.any, len) == 0 && listen(fd, BACKLOG) == 0;
    (void) umask(mask);

    return is_bound;
}

/* Which port it became. */
static void
note_port(struct cli_listener *listener, int fd)
{
    union any_address address;
    socklen_t len = sizeof address;
    char host[MAX_HOST];
    unsigned port;

    if (listener->path[0] == '\0' && getsockname(fd, &address.any, &len) == 0) {
        (void) split(listener->address, host, &port);
        /* the port is at the same place in both */
        set_address(listener, host, ntohs(address.four.sin_port));
    }
}

/* As the kernel tells it: with a NUL behind it, unless it is as long as can be.
 */
static bool
take_path(
    const struct sockaddr_un *file, socklen_t len, struct cli_listener *out)
{
    const size_t offset = offsetof(struct sockaddr_un, sun_path);
    size_t path_len;

    if (len <= offset || len > sizeof *file) {
        return false;
    }

    path_len = strnlen(file->sun_path, len - offset);
    if (path_len >= sizeof out->path) {
        return false;
    }

    memcpy(out->path, file->sun_path, path_len);
    out->path[path_len] = '\0';
    return out->path[0] == '/' && nginx_can_read(out->path);
}

/* What it is bound to; false: nothing that a listener may be. */
static bool
read_socket(int fd, struct cli_listener *out)
{
    union any_address address = {.any.sa_family = AF_UNSPEC};
    socklen_t len = sizeof address;
    char host[MAX_HOST] = "";

    if (getsockname(fd, &address.any, &len) != 0) {
        return false;
    }

    switch (address.any.sa_family) {
    case AF_UNIX:
        return take_path(&address.file, len, out);
    case AF_INET:
        (void) inet_ntop(AF_INET, &address.four.sin_addr, host, sizeof host);
        break;
    case AF_INET6:
        (void) inet_ntop(AF_INET6, &address.six.sin6_addr, host, sizeof host);
        break;
    default:
        return false;
    }

    /* the port is at the same place in both */
    set_address(out, host, ntohs(address.four.sin_port));
    return is_loopback(host);
}

/* A number that the kernel knows of a socket; -1: none. */
static int
ask_socket(int fd, int what)
{
    int number = -1;
    socklen_t len = sizeof number;

    return getsockopt(fd, SOL_SOCKET, what, &number, &len) == 0 ? number : -1;
}

enum trivet_status
cli_listener_take(int fd, struct cli_listener *out, struct trivet_error *err)
{
    int flags = fcntl(fd, F_GETFL);

    *out = (struct cli_listener){.fd = fd, .is_given = true};
    if (!read_socket(fd, out) || ask_socket(fd, SO_TYPE) != SOCK_STREAM
        || ask_socket(fd, SO_ACCEPTCONN) != 1)
    {
        *out = (struct cli_listener){.fd = -1};
        return trivet_error_set(err, TRIVET_E_USAGE, "proxy",
            "the service manager's socket does not listen at a loopback "
            "address or a path");
    }

    /* nginx never waits on a socket. */
    (void) fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    return TRIVET_OK;
}

enum trivet_status
cli_listener_open(struct cli_listener *listener, struct trivet_error *err)
{
    union any_address address;
    int fd;

    if (listener->fd >= 0) {
        return TRIVET_OK;
    }

    (void) fill(listener, &address);
    /* nginx, which takes it over, never waits on a socket. */
    fd = socket(
        address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || !bind_and_listen(listener, fd)) {
        (void) trivet_error_set(err, TRIVET_E_USAGE, "proxy",
            "cannot listen on %s%s: %s", listener->path, listener->address,
            strerror(errno));
        if (fd >= 0) {
            (void) close(fd);
        }
        return TRIVET_E_USAGE;
    }

    listener->fd = fd;
    note_port(listener, fd);

    return TRIVET_OK;
}

void
cli_listener_close(struct cli_listener *listener)
{
    if (listener->fd < 0) {
        return;
    }

    (void) close(listener->fd);
    listener->fd = -1;
    if (listener->path[0] != '\0' && !listener->is_given) {
        (void) unlink(listener->path);
    }
}
