/* SPDX-License-Identifier: Apache-2.0 */
/* answer.c - a server's answer, as an exit status and in words */
#include "cli/client/answer.h"

#include "cli/exit.h"
#include "cli/output.h"

int
cli_exit_of_answer(unsigned http_status)
{
    if (http_status >= 200 && http_status <= 299) {
        return CLI_OK;
    }
    if (http_status == 429) {
        return CLI_THROTTLED;
    }
    if (http_status == 401 || http_status == 403) {
        return CLI_NOT_LOGGED_IN;
    }
    /* 491 is bunq's maintenance. */
    if (http_status == 491 || http_status >= 500) {
        return CLI_NETWORK;
    }

    return http_status >= 400 ? CLI_REFUSED : CLI_FAILURE;
}

int
cli_refused(const struct trivet_answer *answer)
{
    cli_tell("trivet: the server answered %u", answer->status);
    for (size_t i = 0; i < answer->num_errors; i++) {
        (void) fputs(i == 0 ? ": " : "; ", stderr);
        cli_put_text(stderr, answer->errors[i].description);
    }
    (void) fputc('\n', stderr);

    for (size_t i = 0; i < answer->num_errors; i++) {
        if (answer->errors[i].explanation[0] != '\0') {
            (void) fputs("trivet: ", stderr);
            cli_put_text(stderr, answer->errors[i].explanation);
            (void) fputc('\n', stderr);
        }
    }

    return cli_exit_of_answer(answer->status);
}

int
cli_call(struct trivet_context *context, const struct trivet_call *call,
    struct trivet_answer **out)
{
    struct trivet_error err;
    int number;

    if (trivet_call(context, call, out, &err) != TRIVET_OK) {
        return cli_fail(&err);
    }

    number = cli_exit_of_answer((*out)->status);
    if (number != CLI_OK) {
        (void) cli_refused(*out);
        trivet_answer_free(*out);
        *out = NULL;
    }

    return number;
}
