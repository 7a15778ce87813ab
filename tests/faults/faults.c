/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tests/faults/faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

static struct {
    bool is_armed;
    enum faults_kind kind;
    long left;
    bool lasting;
    bool has_failed;
} faults;

void
faults_arm(enum faults_kind kind, long n, bool lasting)
{
    faults.kind = kind;
    faults.left = n;
    faults.lasting = lasting;
    faults.has_failed = false;
    faults.is_armed = true;
}

bool
faults_disarm(void)
{
    faults.is_armed = false;
    return faults.has_failed;
}

/* Whether this one is to fail. */
static bool
is_due(enum faults_kind kind)
{
    if (!faults.is_armed || faults.kind != kind) {
        return false;
    }
    if (faults.left > 1) {
        faults.left--;
        return false;
    }
    if (faults.left == 1 || faults.lasting) {
        faults.left = 0;
        faults.has_failed = true;
        return true;
    }
    return false;
}

/* ---- allocations -------------------------------------------------------- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t num, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t num, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);

void *
__wrap_malloc(size_t size)
{
    return is_due(FAULTS_MEMORY) ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t num, size_t size)
{
    return is_due(FAULTS_MEMORY) ? NULL : __real_calloc(num, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
    return is_due(FAULTS_MEMORY) ? NULL : __real_realloc(old, size);
}

char *
__wrap_strdup(const char *text)
{
    return is_due(FAULTS_MEMORY) ? NULL : __real_strdup(text);
}

char *
__wrap_strndup(const char *text, size_t len)
{
    return is_due(FAULTS_MEMORY) ? NULL : __real_strndup(text, len);
}

void
faults_install_json(void)
{
    json_set_alloc_funcs(__wrap_malloc, free);
}

static void *
openssl_malloc(size_t size, const char *file, int line)
{
    (void) file;
    (void) line;
    return __wrap_malloc(size);
}

/* OpenSSL asks for nothing by giving 0, and expects NULL. */
static void *
openssl_realloc(void *old, size_t size, const char *file, int line)
{
    (void) file;
    (void) line;
    return __wrap_realloc(old, size);
}

static void
openssl_free(void *memory, const char *file, int line)
{
    (void) file;
    (void) line;
    free(memory);
}

static sqlite3_mem_methods sqlite_memory;

static void *
sqlite_malloc(int size)
{
    return is_due(FAULTS_MEMORY) ? NULL : sqlite_memory.xMalloc(size);
}

static void *
sqlite_realloc(void *old, int size)
{
    return is_due(FAULTS_MEMORY) ? NULL : sqlite_memory.xRealloc(old, size);
}

void
faults_install(void)
{
    sqlite3_mem_methods ours;

    faults_install_json();
    if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free)
            != 1
        || sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory) != SQLITE_OK)
    {
        (void) fprintf(stderr, "faults: too late\n");
        abort();
    }

    ours = sqlite_memory;
    ours.xMalloc = sqlite_malloc;
    ours.xRealloc = sqlite_realloc;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) != SQLITE_OK) {
        abort();
    }
}

/* ---- files -------------------------------------------------------------- */

/* The program is built with hidden names; libraries must see these. */
#pragma GCC visibility push(default)

/* The function behind ours, found once. */
#define BEHIND(name)                                                           \
    static __typeof__(&name) behind;                                           \
    if (behind == NULL) {                                                      \
        void *found = dlsym(RTLD_NEXT, #name);                                 \
        memcpy(&behind, &found, sizeof(behind));                               \
    }

#define FAIL_WHEN_DUE(error, result)                                           \
    if (is_due(FAULTS_FILES)) {                                                \
        errno = (error);                                                       \
        return (result);                                                       \
    }

static mode_t
mode_of(int flags, va_list arguments)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

#define DEFINE_OPEN(name)                                                      \
    int name(const char *path, int flags, ...)                                 \
    {                                                                          \
        va_list arguments;                                                     \
        mode_t mode;                                                           \
        BEHIND(name)                                                           \
        va_start(arguments, flags);                                            \
        mode = mode_of(flags, arguments);                                      \
        va_end(arguments);                                                     \
        FAIL_WHEN_DUE(EMFILE, -1)                                              \
        return behind(path, flags, mode);                                      \
    }

DEFINE_OPEN(open)
DEFINE_OPEN(open64)

ssize_t
read(int fd, void *out, size_t len)
{
    BEHIND(read)
    FAIL_WHEN_DUE(EIO, -1)
    return behind(fd, out, len);
}

ssize_t
write(int fd, const void *bytes, size_t len)
{
    BEHIND(write)
    FAIL_WHEN_DUE(ENOSPC, -1)
    return behind(fd, bytes, len);
}

#define DEFINE_PREAD(name, offset_type)                                        \
    ssize_t name(int fd, void *out, size_t len, offset_type at)                \
    {                                                                          \
        BEHIND(name)                                                           \
        FAIL_WHEN_DUE(EIO, -1)                                                 \
        return behind(fd, out, len, at);                                       \
    }

DEFINE_PREAD(pread, off_t)
DEFINE_PREAD(pread64, off64_t)

#define DEFINE_PWRITE(name, offset_type)                                       \
    ssize_t name(int fd, const void *bytes, size_t len, offset_type at)        \
    {                                                                          \
        BEHIND(name)                                                           \
        FAIL_WHEN_DUE(ENOSPC, -1)                                              \
        return behind(fd, bytes, len, at);                                     \
    }

DEFINE_PWRITE(pwrite, off_t)
DEFINE_PWRITE(pwrite64, off64_t)

int
fsync(int fd)
{
    BEHIND(fsync)
    FAIL_WHEN_DUE(EIO, -1)
    return behind(fd);
}

int
fdatasync(int fd)
{
    BEHIND(fdatasync)
    FAIL_WHEN_DUE(EIO, -1)
    return behind(fd);
}

#define DEFINE_TRUNCATE(name, offset_type)                                     \
    int name(int fd, offset_type len)                                          \
    {                                                                          \
        BEHIND(name)                                                           \
        FAIL_WHEN_DUE(ENOSPC, -1)                                              \
        return behind(fd, len);                                                \
    }

DEFINE_TRUNCATE(ftruncate, off_t)
DEFINE_TRUNCATE(ftruncate64, off64_t)

int
rename(const char *from, const char *to)
{
    BEHIND(rename)
    FAIL_WHEN_DUE(EIO, -1)
    return behind(from, to);
}

#define DEFINE_MMAP(name, offset_type)                                         \
    void *name(                                                                \
        void *hint, size_t len, int may, int flags, int fd, offset_type at)    \
    {                                                                          \
        BEHIND(name)                                                           \
        if (fd >= 0) {                                                         \
            FAIL_WHEN_DUE(ENOMEM, MAP_FAILED)                                  \
        }                                                                      \
        return behind(hint, len, may, flags, fd, at);                          \
    }

DEFINE_MMAP(mmap, off_t)
DEFINE_MMAP(mmap64, off64_t)

#pragma GCC visibility pop

long
faults_number(const char *name, long otherwise)
{
    const char *text = getenv(name);
    long number = text == NULL ? 0 : strtol(text, NULL, 10);

    return number > 0 ? number : otherwise;
}
