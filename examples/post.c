/* SPDX-License-Identifier: Apache-2.0 */
/*
 * post.c - send a body; tell apart what can go wrong
 *
 *   cc post.c $(pkg-config --cflags --libs trivet) -o post
 *   ./post bunq.conf user/1/monetary-account/2/payment '{"amount": ...}'
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <trivet/client.h>

/* What to do about it: that is what the status is for. */
static const char *
advice(enum trivet_status status)
{
    switch (status) {
    case TRIVET_E_UNAVAILABLE:
        return "try again later; a payment: look first whether it was made";
    case TRIVET_E_THROTTLED:
        return "call less often";
    case TRIVET_E_UNTRUSTED:
        return "do not believe the answer: something stands in between";
    case TRIVET_E_REFUSED:
    case TRIVET_E_NO_SESSION:
    case TRIVET_E_CONFLICT:
        return "log in again";
    default:
        return "look at the program that calls";
    }
}

static int
show(const struct trivet_answer *answer)
{
    if (answer->status >= 200 && answer->status < 300) {
        (void) fwrite(answer->body, 1, answer->body_len, stdout);
        return EXIT_SUCCESS;
    }

    for (size_t i = 0; i < answer->num_errors; i++) {
        (void) fprintf(
            stderr, "%u %s\n", answer->status, answer->errors[i].description);
    }
    return EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
    struct trivet_context_options options = TRIVET_CONTEXT_OPTIONS_INIT;
    struct trivet_context *context = NULL;
    struct trivet_answer *answer = NULL;
    struct trivet_call call = {.method = "POST"};
    struct trivet_error err;
    enum trivet_status status;
    int exit_code = EXIT_FAILURE;

    if (argc != 4) {
        (void) fprintf(stderr, "usage: post FILE PATH BODY\n");
        return EXIT_FAILURE;
    }

    options.file = argv[1];
    call.path = argv[2];
    call.body = argv[3];
    call.body_len = strlen(argv[3]);

    status = trivet_context_open(&options, &context, &err);
    if (status == TRIVET_OK) {
        status = trivet_call(context, &call, &answer, &err);
    }
    if (status == TRIVET_OK) {
        exit_code = show(answer);
    } else {
        (void) fprintf(stderr, "%s\n%s\n", err.detail, advice(status));
    }

    trivet_answer_free(answer);
    trivet_context_close(context);
    return exit_code;
}
