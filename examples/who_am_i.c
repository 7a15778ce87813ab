/* SPDX-License-Identifier: Apache-2.0 */
/*
 * who_am_i.c - open a context, make a call, print what came back
 *
 *   cc who_am_i.c $(pkg-config --cflags --libs trivet) -o who_am_i
 *   TRIVET_API_KEY=sandbox_... ./who_am_i bunq.conf [URL CA-FILE]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <trivet/client.h>

int
main(int argc, char **argv)
{
    struct trivet_context_options options = TRIVET_CONTEXT_OPTIONS_INIT;
    const struct trivet_call call = {.method = "GET", .path = "user"};
    const char *api_key = getenv("TRIVET_API_KEY");
    struct trivet_context *context;
    struct trivet_answer *answer;
    struct trivet_error err;
    int exit_code = EXIT_FAILURE;

    if (argc != 2 && argc != 4) {
        (void) fprintf(stderr, "usage: who_am_i FILE [URL CA-FILE]\n");
        return EXIT_FAILURE;
    }

    options.file = argv[1];
    options.base_url = argc == 4 ? argv[2] : NULL; /* else bunq's sandbox */
    options.ca_file = argc == 4 ? argv[3] : NULL;
    if (api_key != NULL) { /* the file remembers it */
        options.api_key = api_key;
        options.api_key_len = strlen(api_key);
    }

    if (trivet_context_open(&options, &context, &err) != TRIVET_OK) {
        (void) fprintf(stderr, "%s\n", err.detail);
        return EXIT_FAILURE;
    }

    if (trivet_call(context, &call, &answer, &err) != TRIVET_OK) {
        (void) fprintf(stderr, "%s\n", err.detail);
    } else {
        (void) printf(
            "%u %.*s\n", answer->status, (int) answer->body_len, answer->body);
        exit_code = answer->status == 200 ? EXIT_SUCCESS : EXIT_FAILURE;
        trivet_answer_free(answer);
    }

    trivet_context_close(context);
    return exit_code;
}
