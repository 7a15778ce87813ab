/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - the sandbox's own state: a file that all its processes map */
#define _DEFAULT_SOURCE
#include "sandbox/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/timestamp.h"

enum { MAGIC_SIZE = 24 };

/* Its number changes with the form. */
static const char magic[MAGIC_SIZE] = "trivet sandbox state 1\n";

/* The file, in the machine's byte order. Zeroes mean: nothing is moved, nothing
 * is on. */
struct state {
    char magic[MAGIC_SIZE];
    _Atomic int64_t offset_us;
    _Atomic int64_t last_session_to_end;
    _Atomic uint32_t incidents; /* a bit each */
    _Atomic uint32_t slow_s;    /* 0: the default */
    _Atomic int64_t lost_installation;
    _Atomic int64_t lost_api_key;
};

_Static_assert(sizeof(struct state) == 64, "the file has 64 bytes");

struct trivet_sandbox {
    struct state *state;
    int fd; /* of the same file, to ask for its size */
    bool is_to_be_written;
};

static const int64_t max_offset_us =
    TRIVET_MAX_CLOCK_OFFSET_S * TRIVET_US_PER_S;

/* ---- the file ---------------------------------------------------------- */

static enum trivet_status
fail_on(const char *path, struct trivet_error *err)
{
    enum trivet_status status = TRIVET_E_UNAVAILABLE;

    if (errno == ENOENT) {
        status = TRIVET_E_NOT_FOUND;
    } else if (errno == ELOOP) {
        status = TRIVET_E_USAGE; /* a link */
    }

    return trivet_error_set(
        err, status, "sandbox", "%s: %s", path, strerror(errno));
}

static enum trivet_status
refuse(const char *path, const char *what, struct trivet_error *err)
{
    return trivet_error_set(
        err, TRIVET_E_USAGE, "sandbox", "%s: %s", path, what);
}

/* It holds nothing that anybody would miss. */
static enum trivet_status
refuse_damaged(const char *path, struct trivet_error *err)
{
    return refuse(path,
        "damaged, or not a sandbox's state; remove it, and \"trivet serve\" "
        "makes another",
        err);
}

enum trivet_status
trivet_sandbox_create(const char *path, struct trivet_error *err)
{
    struct state fresh;
    enum trivet_status status;

    memset(&fresh, 0, sizeof fresh);
    memcpy(fresh.magic, magic, sizeof magic);

    status = trivet_file_create_whole(
        path, trivet_slice_make(&fresh, sizeof fresh), 0600, err);

    /* What is there already stays. */
    return status == TRIVET_E_CONFLICT ? TRIVET_OK : status;
}

/* Who may write there moves the clock, so it is the owner alone. */
static enum trivet_status
check_file(int fd, const char *path, struct trivet_error *err)
{
    const struct trivet_file_rule rule = {
        .owner = TRIVET_FILE_OURS,
        .forbidden_mode = 077,
        .content = "the sandbox's state",
    };
    struct stat info;

    TRIVET_TRY(trivet_file_check(fd, path, &rule, err));

    if (fstat(fd, &info) != 0) {
        return fail_on(path, err);
    }
    if (info.st_size != (off_t) sizeof(struct state)) {
        return refuse_damaged(path, err);
    }

    return TRIVET_OK;
}

/* What no trivet has written. */
static bool
is_damaged(const struct state *state)
{
    int64_t offset_us = atomic_load(&state->offset_us);

    return memcmp(state->magic, magic, sizeof magic) != 0 || offset_us < 0
           || offset_us > max_offset_us
           || atomic_load(&state->last_session_to_end) < 0
           || atomic_load(&state->incidents) >> TRIVET_NUM_INCIDENTS != 0
           || atomic_load(&state->slow_s) > TRIVET_MAX_SLOW_S
           || atomic_load(&state->lost_installation) < 0
           || atomic_load(&state->lost_api_key) < 0;
}

static enum trivet_status
map(const char *path, struct trivet_sandbox *sandbox, struct trivet_error *err)
{
    int protection =
        sandbox->is_to_be_written ? PROT_READ | PROT_WRITE : PROT_READ;

    TRIVET_TRY(check_file(sandbox->fd, path, err));

    sandbox->state = mmap(
        NULL, sizeof(struct state), protection, MAP_SHARED, sandbox->fd, 0);
    if (sandbox->state == MAP_FAILED) {
        sandbox->state = NULL;
        return fail_on(path, err);
    }

    return is_damaged(sandbox->state) ? refuse_damaged(path, err) : TRIVET_OK;
}

enum trivet_status
trivet_sandbox_open(const char *path, bool is_to_be_written,
    struct trivet_sandbox **out, struct trivet_error *err)
{
    struct trivet_sandbox *sandbox;
    enum trivet_status status;
    int access = is_to_be_written ? O_RDWR : O_RDONLY;
    /* Non-blocking: opening a pipe would wait for its other end. */
    int fd = open(path, access | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0) {
        return errno == EISDIR ? refuse(path, "not a regular file", err)
                               : fail_on(path, err);
    }

    sandbox = calloc(1, sizeof *sandbox);
    if (sandbox == NULL) {
        (void) close(fd);
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "sandbox", "out of memory");
    }

    sandbox->fd = fd;
    sandbox->is_to_be_written = is_to_be_written;
    status = map(path, sandbox, err);
    if (status != TRIVET_OK) {
        trivet_sandbox_close(sandbox);
        return status;
    }

    *out = sandbox;
    return TRIVET_OK;
}

void
trivet_sandbox_close(struct trivet_sandbox *sandbox)
{
    if (sandbox == NULL) {
        return;
    }

    if (sandbox->state != NULL) {
        if (sandbox->is_to_be_written) {
            (void) msync(sandbox->state, sizeof(struct state), MS_SYNC);
        }
        (void) munmap(sandbox->state, sizeof(struct state));
    }

    (void) close(sandbox->fd);
    free(sandbox);
}

/*
 * Whether the file still has its size. Whoever empties it takes the page from
 * under the mapping: a look at that would end the process, and nginx would make
 * workers without end.
 */
static bool
is_whole(const struct trivet_sandbox *sandbox)
{
    struct stat info;

    return fstat(sandbox->fd, &info) == 0
           && info.st_size == (off_t) sizeof(struct state);
}

/* ---- the clock --------------------------------------------------------- */

/* Not only what was in the file when it was opened is not believed. */
static int64_t
clamp(int64_t value, int64_t low, int64_t high)
{
    if (value < low) {
        return low;
    }

    return value > high ? high : value;
}

int64_t
trivet_sandbox_offset_us(const struct trivet_sandbox *sandbox)
{
    if (!is_whole(sandbox)) {
        return 0;
    }

    return clamp(atomic_load(&sandbox->state->offset_us), 0, max_offset_us);
}

static enum trivet_status
check_room(int64_t before_us, int64_t seconds, struct trivet_error *err)
{
    int64_t room_us = max_offset_us - clamp(before_us, 0, max_offset_us);

    if (seconds < 0 || seconds > room_us / TRIVET_US_PER_S) {
        return trivet_error_set(err, TRIVET_E_LIMIT, "sandbox",
            "the maximum for the clock is ten years ahead, in all");
    }

    return TRIVET_OK;
}

enum trivet_status
trivet_sandbox_check_advance(const struct trivet_sandbox *sandbox,
    int64_t seconds, struct trivet_error *err)
{
    return check_room(trivet_sandbox_offset_us(sandbox), seconds, err);
}

enum trivet_status
trivet_sandbox_advance(
    struct trivet_sandbox *sandbox, int64_t seconds, struct trivet_error *err)
{
    int64_t before = atomic_load(&sandbox->state->offset_us);

    do {
        TRIVET_TRY(check_room(before, seconds, err));
    } while (!atomic_compare_exchange_weak(&sandbox->state->offset_us, &before,
        clamp(before, 0, max_offset_us) + seconds * TRIVET_US_PER_S));

    return TRIVET_OK;
}

void
trivet_sandbox_reset_clock(struct trivet_sandbox *sandbox)
{
    atomic_store(&sandbox->state->offset_us, 0);
}

/* ---- incidents --------------------------------------------------------- */

bool
trivet_sandbox_has(
    const struct trivet_sandbox *sandbox, enum trivet_incident incident)
{
    return is_whole(sandbox)
           && (atomic_load(&sandbox->state->incidents) & 1u << incident) != 0;
}

void
trivet_sandbox_set(
    struct trivet_sandbox *sandbox, enum trivet_incident incident, bool is_on)
{
    if (is_on) {
        (void) atomic_fetch_or(&sandbox->state->incidents, 1u << incident);
    } else {
        (void) atomic_fetch_and(&sandbox->state->incidents, ~(1u << incident));
    }
}

int64_t
trivet_sandbox_slow_s(const struct trivet_sandbox *sandbox)
{
    int64_t seconds =
        is_whole(sandbox) ? atomic_load(&sandbox->state->slow_s) : 0;

    return seconds == 0 ? TRIVET_DEFAULT_SLOW_S
                        : clamp(seconds, 1, TRIVET_MAX_SLOW_S);
}

void
trivet_sandbox_set_slow_s(struct trivet_sandbox *sandbox, int64_t seconds)
{
    atomic_store(&sandbox->state->slow_s,
        (uint32_t) clamp(seconds, 1, TRIVET_MAX_SLOW_S));
}

int64_t
trivet_sandbox_last_session_to_end(const struct trivet_sandbox *sandbox)
{
    return trivet_sandbox_has(sandbox, TRIVET_INCIDENT_SESSION_DIES)
               ? atomic_load(&sandbox->state->last_session_to_end)
               : 0;
}

void
trivet_sandbox_set_last_session_to_end(
    struct trivet_sandbox *sandbox, int64_t id)
{
    atomic_store(&sandbox->state->last_session_to_end, id < 0 ? 0 : id);
}

bool
trivet_sandbox_has_lost_installation(
    const struct trivet_sandbox *sandbox, int64_t id)
{
    return trivet_sandbox_has(sandbox, TRIVET_INCIDENT_SANDBOX_RESET)
           && id <= atomic_load(&sandbox->state->lost_installation);
}

bool
trivet_sandbox_has_lost_api_key(
    const struct trivet_sandbox *sandbox, int64_t id)
{
    return trivet_sandbox_has(sandbox, TRIVET_INCIDENT_SANDBOX_RESET)
           && id <= atomic_load(&sandbox->state->lost_api_key);
}

void
trivet_sandbox_set_lost(
    struct trivet_sandbox *sandbox, int64_t installation_id, int64_t api_key_id)
{
    atomic_store(&sandbox->state->lost_installation, installation_id);
    atomic_store(&sandbox->state->lost_api_key, api_key_id);
}
