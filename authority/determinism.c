/* SPDX-License-Identifier: Apache-2.0 */
/* determinism.c - a sandbox whose UUIDs and times are the same in each run */
#define _DEFAULT_SOURCE
#include "authority/determinism.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/digest.h"

enum { MAGIC_SIZE = 24 };

/* Its number changes with the form. */
static const char magic[MAGIC_SIZE] = "trivet determinism 1\n";

/* The file, in the machine's byte order. */
struct state {
    char magic[MAGIC_SIZE];
    uint64_t is_on;
    unsigned char seed[TRIVET_DIGEST_LEN];
    _Atomic uint64_t num_taken[TRIVET_NUM_UUID_USES];
};

_Static_assert(sizeof(struct state) == 88, "the file has 88 bytes");

struct trivet_determinism {
    struct state *state;
    int fd; /* of the same file, to ask for its size */
};

static struct trivet_determinism *source;

/* ---- the file ---------------------------------------------------------- */

static enum trivet_status
fail_on(const char *path, struct trivet_error *err)
{
    enum trivet_status status = TRIVET_E_UNAVAILABLE;

    if (errno == ENOENT) {
        status = TRIVET_E_NOT_FOUND;
    } else if (errno == ELOOP || errno == EISDIR) {
        status = TRIVET_E_USAGE;
    }

    return trivet_error_set(
        err, status, "determinism", "%s: %s", path, strerror(errno));
}

static enum trivet_status
refuse_damaged(const char *path, struct trivet_error *err)
{
    return trivet_error_set(err, TRIVET_E_USAGE, "determinism",
        "%s: damaged, or not of \"trivet serve --deterministic\"; remove it, "
        "and that makes another",
        path);
}

static bool
is_whole(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0
           && info.st_size == (off_t) sizeof(struct state);
}

static enum trivet_status
map(int fd, const char *path, struct state **out, struct trivet_error *err)
{
    const struct trivet_file_rule rule = {
        .owner = TRIVET_FILE_OURS,
        .forbidden_mode = 077,
        .content = "the sandbox's count of UUIDs",
    };
    struct state *state;

    TRIVET_TRY(trivet_file_check(fd, path, &rule, err));

    if (!is_whole(fd)) {
        return refuse_damaged(path, err);
    }

    state =
        mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (state == MAP_FAILED) {
        return fail_on(path, err);
    }

    if (memcmp(state->magic, magic, sizeof magic) != 0 || state->is_on > 1) {
        (void) munmap(state, sizeof *state);
        return refuse_damaged(path, err);
    }

    *out = state;
    return TRIVET_OK;
}

/* Also one that is switched off. */
static enum trivet_status
open_any(
    const char *path, struct trivet_determinism **out, struct trivet_error *err)
{
    struct trivet_determinism *determinism;
    enum trivet_status status;
    /* Non-blocking: opening a pipe would wait for its other end. */
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0) {
        return fail_on(path, err);
    }

    determinism = calloc(1, sizeof *determinism);
    if (determinism == NULL) {
        (void) close(fd);
        return trivet_error_set(
            err, TRIVET_E_MEMORY, "determinism", "out of memory");
    }

    determinism->fd = fd;
    status = map(fd, path, &determinism->state, err);
    if (status != TRIVET_OK) {
        trivet_determinism_close(determinism);
        return status;
    }

    *out = determinism;
    return TRIVET_OK;
}

static enum trivet_status
create(const char *path, struct trivet_error *err)
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

enum trivet_status
trivet_determinism_prepare(
    const char *path, const char *seed, struct trivet_error *err)
{
    struct trivet_determinism *determinism = NULL;
    enum trivet_status status;

    if (seed != NULL) {
        TRIVET_TRY(create(path, err));
    }

    status = open_any(path, &determinism, err);
    if (status == TRIVET_E_NOT_FOUND && seed == NULL) {
        return TRIVET_OK;
    }
    TRIVET_TRY(status);

    if (seed != NULL) {
        status =
            trivet_sha256(trivet_slice_text(seed), determinism->state->seed);
    }
    determinism->state->is_on = seed != NULL;

    trivet_determinism_close(determinism);
    return status;
}

enum trivet_status
trivet_determinism_open(
    const char *path, struct trivet_determinism **out, struct trivet_error *err)
{
    TRIVET_TRY(open_any(path, out, err));

    if ((*out)->state->is_on == 0) {
        trivet_determinism_close(*out);
        *out = NULL;
        return trivet_error_set(err, TRIVET_E_NOT_FOUND, "determinism",
            "%s: switched off; \"trivet serve --deterministic\" switches it on",
            path);
    }

    return TRIVET_OK;
}

void
trivet_determinism_close(struct trivet_determinism *determinism)
{
    if (determinism == NULL) {
        return;
    }

    if (source == determinism) {
        source = NULL;
    }
    if (determinism->state != NULL) {
        (void) msync(determinism->state, sizeof(struct state), MS_SYNC);
        (void) munmap(determinism->state, sizeof(struct state));
    }

    (void) close(determinism->fd);
    free(determinism);
}

/* ---- UUIDs ------------------------------------------------------------- */

void
trivet_determinism_use(struct trivet_determinism *determinism)
{
    source = determinism;
}

bool
trivet_determinism_is_used(void)
{
    return source != NULL;
}

static enum trivet_status
derive(struct state *state, enum trivet_uuid_use use,
    unsigned char out[TRIVET_UUID_LEN])
{
    struct {
        unsigned char seed[TRIVET_DIGEST_LEN];
        uint64_t use;
        uint64_t number;
    } input = {.use = use};
    unsigned char digest[TRIVET_DIGEST_LEN];

    memcpy(input.seed, state->seed, sizeof input.seed);
    input.number = atomic_fetch_add(&state->num_taken[use], 1);

    TRIVET_TRY(trivet_sha256(trivet_slice_make(&input, sizeof input), digest));

    memcpy(out, digest, TRIVET_UUID_LEN);
    return TRIVET_OK;
}

/* Whoever empties the file takes the page from under the mapping: a look at
 * that would end the process. */
enum trivet_status
trivet_uuid_make(enum trivet_uuid_use use, unsigned char out[TRIVET_UUID_LEN])
{
    if (source == NULL || !is_whole(source->fd)) {
        return trivet_random(out, TRIVET_UUID_LEN);
    }

    return derive(source->state, use, out);
}
