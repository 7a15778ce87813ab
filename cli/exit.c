/* SPDX-License-Identifier: Apache-2.0 */
/* exit.c - how the commands end */
#include "cli/exit.h"

enum trivet_exit
cli_exit_of_status(enum trivet_status status)
{
    static const enum trivet_exit exits[] = {
        [TRIVET_OK] = TRIVET_EXIT_OK,
        [TRIVET_E_LIMIT] = TRIVET_EXIT_FAILURE,
        [TRIVET_E_MALFORMED] = TRIVET_EXIT_FAILURE,
        [TRIVET_E_NOT_FOUND] = TRIVET_EXIT_NO_SESSION,
        [TRIVET_E_CONFLICT] = TRIVET_EXIT_CONFLICT,
        [TRIVET_E_UNAVAILABLE] = TRIVET_EXIT_NETWORK,
        [TRIVET_E_MEMORY] = TRIVET_EXIT_FAILURE,
        [TRIVET_E_CRYPTO] = TRIVET_EXIT_FAILURE,
        [TRIVET_E_USAGE] = TRIVET_EXIT_USAGE,
        [TRIVET_E_INTERNAL] = TRIVET_EXIT_FAILURE,
        [TRIVET_E_REFUSED] = TRIVET_EXIT_REFUSED,
        [TRIVET_E_UNTRUSTED] = TRIVET_EXIT_UNTRUSTED,
        [TRIVET_E_THROTTLED] = TRIVET_EXIT_THROTTLED,
        [TRIVET_E_NO_SESSION] = TRIVET_EXIT_NO_SESSION,
    };

    return (unsigned) status < sizeof exits / sizeof exits[0]
               ? exits[status]
               : TRIVET_EXIT_FAILURE;
}

enum trivet_exit
cli_exit_of_answer(unsigned http_status)
{
    if (http_status >= 200 && http_status <= 299) {
        return TRIVET_EXIT_OK;
    }
    if (http_status == 429) {
        return TRIVET_EXIT_THROTTLED;
    }
    if (http_status == 401 || http_status == 403) {
        return TRIVET_EXIT_NO_SESSION;
    }
    /* 491 is bunq's maintenance. */
    if (http_status == 491 || http_status >= 500) {
        return TRIVET_EXIT_NETWORK;
    }
    if (http_status >= 400) {
        return TRIVET_EXIT_REFUSED;
    }

    return TRIVET_EXIT_FAILURE;
}
