/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill_at.c - preloaded: kills the process inside the Nth write, fsync,
 * fdatasync, rename or truncation, as KILL_AT says ("write:2"). A write is cut
 * in half before.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int count;

static int
is_now(const char *what)
{
    const char *spec = getenv("KILL_AT");
    size_t len = strlen(what);

    return spec != NULL && strncmp(spec, what, len) == 0 && spec[len] == ':'
           && ++count == atoi(spec + len + 1);
}

static void
die(void)
{
    (void) kill(getpid(), SIGKILL);
}

ssize_t
write(int fd, const void *data, size_t len)
{
    ssize_t (*real)(int, const void *, size_t);

    *(void **) &real = dlsym(RTLD_NEXT, "write");
    /* Not messages, nor sockets: a context file is big. */
    if (fd > 2 && len > 500 && is_now("write")) {
        (void) !real(fd, data, len / 2);
        die();
    }

    return real(fd, data, len);
}

int
fdatasync(int fd)
{
    int (*real)(int);

    *(void **) &real = dlsym(RTLD_NEXT, "fdatasync");
    if (is_now("fdatasync")) {
        die();
    }

    return real(fd);
}

int
fsync(int fd)
{
    int (*real)(int);

    *(void **) &real = dlsym(RTLD_NEXT, "fsync");
    if (is_now("fsync")) {
        die();
    }

    return real(fd);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
    ssize_t (*real)(int, const void *, size_t, off_t);

    *(void **) &real = dlsym(RTLD_NEXT, "pwrite");
    if (is_now("pwrite")) {
        (void) !real(fd, data, len / 2, at);
        die();
    }

    return real(fd, data, len, at);
}

int
ftruncate(int fd, off_t len)
{
    int (*real)(int, off_t);

    *(void **) &real = dlsym(RTLD_NEXT, "ftruncate");
    if (is_now("ftruncate")) {
        die();
    }

    return real(fd, len);
}

int
renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    int (*real)(int, const char *, int, const char *);

    *(void **) &real = dlsym(RTLD_NEXT, "renameat");
    if (is_now("rename")) {
        die();
    }

    return real(from_folder, from, to_folder, to);
}

int
rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *);

    *(void **) &real = dlsym(RTLD_NEXT, "rename");
    if (is_now("rename")) {
        die();
    }

    return real(from, to);
}
