/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.h - what an operator's calls need besides the store
 *
 * Whoever runs calls fills it in: the commands from their options, the gateway
 * from its configuration.
 */
#ifndef TRIVET_AUTHORITY_OPERATOR_PLACE_H
#define TRIVET_AUTHORITY_OPERATOR_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "trivet/status.h"

struct trivet_journal;

/* What became of a gateway that had to be told of a change. */
enum trivet_operator_told {
    TRIVET_TOLD_NONE_KNOWN = 0, /* nobody knows of one     */
    TRIVET_TOLD_NOT_RUNNING,    /* it starts with it       */
    TRIVET_TOLD_RELOADED
};

struct trivet_operator_place {
    const char *sandbox_path; /* of its state (sandbox/state.h); NULL: none */
    const char *dir;          /* the data directory; NULL: none is known  */
    bool is_own_store;        /* the store is the directory's own         */
    struct trivet_journal *journal; /* authority/limits/journal.h; NULL */
    int64_t session_timeout_s; /* of users that a sandbox makes           */
    int64_t key_lifetime_s;    /* of API keys, until they are bound       */
};

#endif
