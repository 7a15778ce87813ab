/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep_client.c - libtrivet while the n-th allocation, or the n-th use of a
 * file, fails: for each n until none fails any more
 *
 *   sweep_client FOLDER SEED [STRIDE]
 *
 * SEED is a context file that is copied into FOLDER before each round; the
 * round opens the context (which does the steps that SEED lacks), makes a call
 * and closes it. What must hold whatever failed:
 *
 *   - the file in FOLDER is a whole one: it opens, and a call works;
 *   - what trivet_context_open called a success is in the file;
 *   - no answer is given out that was not verified.
 *
 * Allocations are those of our own code and of jansson; those of OpenSSL are
 * sweep_authority's, and libcurl (7.88) frees twice when its own run out.
 * Prints the number of rounds of each way.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/faults/faults.h"
#include "trivet/client.h"

enum { MAX_ROUNDS = 20000, MAX_SEED = 65536 };

static struct {
    char folder[PATH_MAX];
    char file[PATH_MAX];
    char bytes[MAX_SEED];
    size_t len;
} seed;

static void
fail(const char *what, long n, const char *detail)
{
    (void) faults_disarm();
    (void) fprintf(stderr, "at %ld: %s: %s\n", n, what, detail);
    exit(1);
}

/* ---- a clock that does not wait ------------------------------------------ */

/* Opening a session is limited whatever the options say: a round would wait
 * half a minute. So the library's clock (the linker's --wrap) goes on instead.
 */
static int64_t skipped_us;

int64_t __real_trivet_clock_now_us(void);
int64_t __wrap_trivet_clock_now_us(void);
void __wrap_trivet_clock_wait_until(int64_t at_us);

int64_t
__wrap_trivet_clock_now_us(void)
{
    return __real_trivet_clock_now_us() + skipped_us;
}

void
__wrap_trivet_clock_wait_until(int64_t at_us)
{
    int64_t left_us = at_us - __wrap_trivet_clock_now_us();

    if (left_us > 0) {
        skipped_us += left_us;
    }
}

/* ---- rounds -------------------------------------------------------------- */

static int
take_away(
    const char *path, const struct stat *what, int kind, struct FTW *where)
{
    (void) what;
    (void) kind;
    return where->level == 0 ? 0 : remove(path);
}

/* Whatever lies in the folder goes: locks, journals, halves. */
static void
lay_seed(void)
{
    FILE *file;

    if (nftw(seed.folder, take_away, 8, FTW_DEPTH | FTW_PHYS) != 0) {
        fail("emptying the folder", 0, strerror(errno));
    }

    file = fopen(seed.file, "w");
    if (file == NULL || fchmod(fileno(file), 0600) != 0
        || fwrite(seed.bytes, 1, seed.len, file) != seed.len
        || fclose(file) != 0)
    {
        fail("seed", 0, strerror(errno));
    }
}

static enum trivet_status
open_context(
    unsigned flags, struct trivet_context **out, struct trivet_error *err)
{
    struct trivet_context_options options = TRIVET_CONTEXT_OPTIONS_INIT;

    options.file = seed.file;
    options.flags = flags | TRIVET_OPEN_UNTHROTTLED;
    return trivet_context_open(&options, out, err);
}

/* A GET whose answer, if there is one, is verified. */
static enum trivet_status
call(struct trivet_context *context, long n, struct trivet_error *err)
{
    const struct trivet_call ours = {.method = "GET", .path = "user"};
    struct trivet_answer *answer;
    enum trivet_status status = trivet_call(context, &ours, &answer, err);

    if (status != TRIVET_OK) {
        return status;
    }
    if (answer->status == 200 && !answer->is_verified) {
        fail("call", n, "an answer that was not verified");
    }
    trivet_answer_free(answer);
    return TRIVET_OK;
}

/* Opens and calls; with flags that take no step, when the file must do. */
static void
assert_works(unsigned flags, long n, const char *what)
{
    struct trivet_context *context;
    struct trivet_error err;

    if (open_context(flags, &context, &err) != TRIVET_OK) {
        fail(what, n, err.detail);
    }
    if (call(context, n, &err) != TRIVET_OK) {
        fail(what, n, err.detail);
    }
    trivet_context_close(context);
}

static bool
run_round(enum faults_kind kind, long n, bool lasting)
{
    struct trivet_context *context = NULL;
    struct trivet_error err;
    enum trivet_status opened;
    bool has_failed;

    lay_seed();
    faults_arm(kind, n, lasting);
    opened = open_context(0, &context, &err);
    if (opened == TRIVET_OK) {
        (void) (call(context, n, &err) == TRIVET_OK);
        trivet_context_close(context);
    }
    has_failed = faults_disarm();

    if (!has_failed && opened != TRIVET_OK) {
        fail("nothing failed", n, err.detail);
    }
    if (opened == TRIVET_OK) {
        assert_works(TRIVET_OPEN_OFFLINE, n, "what was opened is in the file");
    }
    assert_works(0, n, "afterwards");
    return has_failed;
}

static void
sweep(const char *name, enum faults_kind kind, bool lasting, long stride)
{
    long n = 1;

    while (run_round(kind, n, lasting) && n < MAX_ROUNDS) {
        n += stride;
    }
    (void) printf("%s: %ld\n", name, n);
    (void) fflush(stdout);
    if (n == 1 || n >= MAX_ROUNDS) {
        fail(name, n, "the sweep has no end");
    }
}

static void
read_seed(const char *path)
{
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        fail(path, 0, strerror(errno));
    }
    seed.len = fread(seed.bytes, 1, sizeof(seed.bytes), file);
    (void) fclose(file);
}

int
main(int argc, char **argv)
{
    long stride = argc > 3 ? strtol(argv[3], NULL, 10) : 1;

    if (argc < 3) {
        (void) fprintf(stderr, "usage: sweep_client FOLDER SEED [STRIDE]\n");
        return 2;
    }

    (void) snprintf(seed.folder, sizeof(seed.folder), "%s", argv[1]);
    (void) snprintf(seed.file, sizeof(seed.file), "%s/context.json", argv[1]);
    read_seed(argv[2]);
    faults_install_json();
    lay_seed();
    assert_works(0, 0, "without faults");

    sweep("one allocation", FAULTS_MEMORY, false, stride);
    sweep("all allocations from one on", FAULTS_MEMORY, true, stride);
    sweep("one use of a file", FAULTS_FILES, false, stride);
    sweep("all uses of files from one on", FAULTS_FILES, true, stride);
    return 0;
}
