/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.c - how many calls per second the library makes
 *
 *   client CONTEXT-FILE PATH SECONDS
 *
 * One thread, one call after another. Prints the number of calls, the seconds
 * and the CPU seconds of this process.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <trivet/client.h>

static double
seconds_of(clockid_t clock)
{
    struct timespec now;

    (void) clock_gettime(clock, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static enum trivet_status
call_once(
    struct trivet_context *context, const char *path, struct trivet_error *err)
{
    struct trivet_call call = {.method = "GET", .path = path};
    struct trivet_answer *answer = NULL;
    enum trivet_status status = trivet_call(context, &call, &answer, err);

    if (status == TRIVET_OK && answer->status != 200) {
        status = trivet_error_set(
            err, TRIVET_E_REFUSED, "bench.client", "HTTP %u", answer->status);
    }
    trivet_answer_free(answer);
    return status;
}

static enum trivet_status
call_for(struct trivet_context *context, const char *path, double duration,
    struct trivet_error *err)
{
    double start;
    double cpu_start;
    unsigned long num_calls = 0;
    enum trivet_status status = call_once(context, path, err); /* connects */

    start = seconds_of(CLOCK_MONOTONIC);
    cpu_start = seconds_of(CLOCK_PROCESS_CPUTIME_ID);

    while (
        status == TRIVET_OK && seconds_of(CLOCK_MONOTONIC) - start < duration) {
        status = call_once(context, path, err);
        num_calls++;
    }

    if (status == TRIVET_OK) {
        (void) printf("%lu %.6f %.6f\n", num_calls,
            seconds_of(CLOCK_MONOTONIC) - start,
            seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_start);
    }
    return status;
}

int
main(int argc, char **argv)
{
    struct trivet_context_options options = TRIVET_CONTEXT_OPTIONS_INIT;
    struct trivet_context *context = NULL;
    struct trivet_error err;
    enum trivet_status status;

    if (argc != 4) {
        (void) fprintf(stderr, "usage: client FILE PATH SECONDS\n");
        return EXIT_FAILURE;
    }

    options.file = argv[1];
    options.flags = TRIVET_OPEN_UNTHROTTLED;

    status = trivet_context_open(&options, &context, &err);
    if (status == TRIVET_OK) {
        status = call_for(context, argv[2], strtod(argv[3], NULL), &err);
    }
    if (status != TRIVET_OK) {
        (void) fprintf(stderr, "%s\n", err.detail);
    }
    trivet_context_close(context);
    return status == TRIVET_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
