/* SPDX-License-Identifier: Apache-2.0 */
/*
 * threads.c - one context, many threads, and what it tells while it works
 *
 *   cc -pthread threads.c $(pkg-config --cflags --libs trivet) -o threads
 *   ./threads bunq.conf
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <trivet/client.h>

enum { NUM_THREADS = 8 };

/* From any of the threads. */
static void
tell(void *arg, const struct trivet_event *event)
{
    (void) arg;

    if (event->kind == TRIVET_EVENT_STEP || event->kind == TRIVET_EVENT_WAIT) {
        (void) fprintf(stderr, "... %s\n", event->text);
    }
}

static void *
work(void *arg)
{
    const struct trivet_call call = {.method = "GET", .path = "user"};
    struct trivet_answer *answer;
    struct trivet_error err;
    unsigned status;

    if (trivet_call(arg, &call, &answer, &err) != TRIVET_OK) {
        (void) fprintf(stderr, "%s\n", err.detail);
        return NULL;
    }

    status = answer->status;
    trivet_answer_free(answer);
    return status == 200 ? arg : NULL;
}

int
main(int argc, char **argv)
{
    struct trivet_context_options options = TRIVET_CONTEXT_OPTIONS_INIT;
    pthread_t threads[NUM_THREADS];
    struct trivet_context *context;
    struct trivet_error err;
    int num_good = 0;

    if (argc != 2) {
        (void) fprintf(stderr, "usage: threads FILE\n");
        return EXIT_FAILURE;
    }

    options.file = argv[1];
    options.on_event = tell;
    if (trivet_context_open(&options, &context, &err) != TRIVET_OK) {
        (void) fprintf(stderr, "%s\n", err.detail);
        return EXIT_FAILURE;
    }

    for (int i = 0; i < NUM_THREADS; i++) {
        if (pthread_create(&threads[i], NULL, work, context) != 0) {
            return EXIT_FAILURE;
        }
    }
    for (int i = 0; i < NUM_THREADS; i++) {
        void *result;

        (void) pthread_join(threads[i], &result);
        num_good += result != NULL;
    }

    (void) printf("%d of %d calls were answered\n", num_good, NUM_THREADS);
    trivet_context_close(context);
    return num_good == NUM_THREADS ? EXIT_SUCCESS : EXIT_FAILURE;
}
