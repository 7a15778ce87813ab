/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tool.c - what a test can only do inside of one process
 *
 *   tool threads FILE NUM PATH     NUM threads on one context, a call each
 *   tool fork FILE NUM PATH        a call, then NUM children that call, and
 *                                  the parent again
 *   tool rounds FILE NUM PATH      open, call, close, NUM times; prints how
 *                                  the memory of the process grew
 *   tool twice FILE SECONDS PATH   a call, a pause, a call, on one handle
 *   tool footprint FILE NUM PATH   NUM open contexts; prints bytes of each
 *   tool kept FILE METHOD PATH     GET user, then that call on the connection
 *                                  that was kept; prints its status
 *   tool rested FILE METHOD PATH   the same, half a second later
 */
#define _DEFAULT_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trivet/client.h"

enum { MAX_THREADS = 64, MAX_CONTEXTS = 256 };

struct job {
    struct trivet_context *context;
    const char *path;
    bool is_done;
};

static struct trivet_context *
open_context(const char *file, unsigned flags)
{
    struct trivet_context_options options = TRIVET_CONTEXT_OPTIONS_INIT;
    struct trivet_context *context = NULL;
    struct trivet_error err;

    options.file = file;
    options.flags = flags | TRIVET_OPEN_UNTHROTTLED;
    if (trivet_context_open(&options, &context, &err) != TRIVET_OK) {
        (void) fprintf(stderr, "open: %s\n", err.detail);
        exit(1);
    }

    return context;
}

static bool
call(struct trivet_context *context, const char *path)
{
    const struct trivet_call ours = {.method = "GET", .path = path};
    struct trivet_answer *answer;
    struct trivet_error err;
    bool is_good;

    if (trivet_call(context, &ours, &answer, &err) != TRIVET_OK) {
        (void) fprintf(stderr, "call: %s\n", err.detail);
        return false;
    }

    is_good = answer->status == 200 && answer->is_verified;
    if (!is_good) {
        (void) fprintf(stderr, "call: %u\n", answer->status);
    }
    trivet_answer_free(answer);
    return is_good;
}

static void *
run_job(void *arg)
{
    struct job *job = arg;

    job->is_done = call(job->context, job->path);
    return NULL;
}

static int
run_threads(const char *file, int num, const char *path)
{
    struct trivet_context *context = open_context(file, 0);
    pthread_t threads[MAX_THREADS];
    struct job jobs[MAX_THREADS];
    int num_done = 0;

    for (int i = 0; i < num; i++) {
        jobs[i] = (struct job){context, path, false};
        if (pthread_create(&threads[i], NULL, run_job, &jobs[i]) != 0) {
            return 1;
        }
    }
    for (int i = 0; i < num; i++) {
        (void) pthread_join(threads[i], NULL);
        num_done += jobs[i].is_done;
    }

    trivet_context_close(context);
    return num_done == num ? 0 : 1;
}

static int
run_fork(const char *file, int num, const char *path)
{
    struct trivet_context *context = open_context(file, 0);
    bool is_good = call(context, path);

    for (int i = 0; i < num; i++) {
        pid_t child = fork();

        if (child == 0) {
            bool is_done = call(context, path) && call(context, path);

            trivet_context_close(context);
            _exit(is_done ? 0 : 1);
        }
        is_good = child > 0 && is_good;
    }

    is_good = call(context, path) && is_good;
    for (int i = 0; i < num; i++) {
        int status = 1;

        is_good = wait(&status) > 0 && status == 0 && is_good;
    }

    is_good = call(context, path) && is_good;
    trivet_context_close(context);
    return is_good ? 0 : 1;
}

static long
resident_kb(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1) {
        pages = 0;
    }
    if (file != NULL) {
        (void) fclose(file);
    }

    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int
run_rounds(const char *file, int num, const char *path)
{
    long before_kb = 0;

    for (int i = 0; i < num; i++) {
        struct trivet_context *context = open_context(file, 0);
        bool is_good = call(context, path);

        trivet_context_close(context);
        if (!is_good) {
            return 1;
        }
        if (i == num / 10) {
            before_kb = resident_kb(); /* caches are warm now */
        }
    }

    (void) printf("%ld\n", resident_kb() - before_kb);
    return 0;
}

static int
run_twice(const char *file, int seconds, const char *path)
{
    struct trivet_context *context = open_context(file, 0);
    bool is_good = call(context, path);

    (void) puts("first");
    (void) fflush(stdout);
    (void) sleep((unsigned) seconds);
    is_good = call(context, path) && is_good;
    trivet_context_close(context);

    return is_good ? 0 : 1;
}

static int
run_footprint(const char *file, int num, const char *path)
{
    struct trivet_context *contexts[MAX_CONTEXTS];
    size_t before;

    trivet_context_close(open_context(file, 0)); /* libraries' own memory */
    before = mallinfo2().uordblks;
    for (int i = 0; i < num; i++) {
        contexts[i] = open_context(file, 0);
    }
    (void) printf("open %zu\n", (mallinfo2().uordblks - before) / (size_t) num);
    for (int i = 0; i < num; i++) {
        (void) call(contexts[i], path);
    }
    (void) printf(
        "called %zu\n", (mallinfo2().uordblks - before) / (size_t) num);
    for (int i = 0; i < num; i++) {
        trivet_context_close(contexts[i]);
    }

    return 0;
}

/* A call after another one on the same handle. Prints what became of it. */
static int
run_on_kept(
    const char *file, const char *method, const char *path, unsigned pause_us)
{
    struct trivet_context *context = open_context(file, 0);
    static const char body[] = "{\"amount\":1}";
    bool has_body = strcmp(method, "GET") != 0 && strcmp(method, "DELETE") != 0;
    const struct trivet_call ours = {.method = method,
        .path = path,
        .body = has_body ? body : NULL,
        .body_len = has_body ? sizeof body - 1 : 0};
    struct trivet_answer *answer = NULL;
    struct trivet_error err = {TRIVET_OK, "", ""};
    bool is_good = call(context, "user");
    enum trivet_status status;

    (void) usleep(pause_us);
    status = trivet_call(context, &ours, &answer, &err);
    (void) printf("%s %u\n", trivet_status_name(status),
        status == TRIVET_OK ? answer->status : 0);
    (void) fprintf(stderr, "%s\n", err.detail);
    trivet_answer_free(answer);
    trivet_context_close(context);

    return is_good ? 0 : 1;
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *word;
        int (*run)(const char *file, int num, const char *path);
    } verbs[] = {
        {"threads", run_threads},
        {"fork", run_fork},
        {"rounds", run_rounds},
        {"twice", run_twice},
        {"footprint", run_footprint},
    };

    for (size_t i = 0; argc == 5 && i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(argv[1], verbs[i].word) == 0) {
            return verbs[i].run(argv[2], atoi(argv[3]), argv[4]);
        }
    }

    if (argc == 5 && strcmp(argv[1], "kept") == 0) {
        return run_on_kept(argv[2], argv[3], argv[4], 0);
    }
    if (argc == 5 && strcmp(argv[1], "rested") == 0) {
        return run_on_kept(argv[2], argv[3], argv[4], 500000);
    }

    return 2;
}
