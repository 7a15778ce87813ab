/* SPDX-License-Identifier: Apache-2.0 */
/* prune.c - removing rows that nobody uses any more, on an operator's command
 */
#define _POSIX_C_SOURCE 200809L
#include "authority/operator/prune.h"

#include <time.h>

enum { MAX_EACH = 1000, PAUSE_MS = 5 };

static bool
may_be_more(const struct trivet_pruned *pruned)
{
    return pruned->num_installations >= MAX_EACH
           || pruned->num_sessions >= MAX_EACH
           || pruned->num_api_keys >= MAX_EACH;
}

enum trivet_status
trivet_operator_prune(struct trivet_store *store,
    const struct trivet_prune_ages *ages, int64_t (*now_us)(void),
    struct trivet_pruned *out, struct trivet_error *err)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    struct trivet_pruned run;

    *out = (struct trivet_pruned){.num_sessions = 0};

    for (;;) {
        TRIVET_TRY(
            trivet_store_prune(store, ages, MAX_EACH, now_us(), &run, err));

        out->num_installations += run.num_installations;
        out->num_sessions += run.num_sessions;
        out->num_api_keys += run.num_api_keys;
        if (!may_be_more(&run)) {
            return TRIVET_OK;
        }

        (void) nanosleep(&pause, NULL); /* others want to write, too */
    }
}
