/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opening.h - what is different with several gateways of one store: openings of
 * sessions are counted there, and a session that was changed is forgotten
 *
 * For the files of authority/ alone.
 */
#ifndef TRIVET_AUTHORITY_OPENING_H
#define TRIVET_AUTHORITY_OPENING_H

#include "authority/case.h"

/* Counts an admitted POST session-server, by its address and its installation;
 * makes it a refusal when either has opened one within the classic limit. Where
 * a gateway is alone, its nginx counts (core/rate.h). Blocks (a commit). */
TRIVET_MUST_USE enum trivet_status trivet_case_count_opening(
    struct trivet_case *c);

/* After a change: what this gateway remembers of the caller's session, API key
 * and user, without waiting for the list of changes. */
void trivet_case_forget_session(const struct trivet_case *c);

#endif
