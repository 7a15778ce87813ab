/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts.h - what is known of a request: its token, its signature, and the
 * server key that answers it
 *
 * For the files of authority/ alone. All of it reads, the store or memory.
 */
#ifndef TRIVET_AUTHORITY_FACTS_H
#define TRIVET_AUTHORITY_FACTS_H

#include "authority/case.h"

/* What the token stands for, into facts and the case; then whether the
 * signature is right for its installation's key, where one is asked for. */
TRIVET_MUST_USE enum trivet_status trivet_case_gather_token(
    struct trivet_case *c, struct trivet_facts *facts);
TRIVET_MUST_USE enum trivet_status trivet_case_gather_signature(
    struct trivet_case *c, struct trivet_facts *facts);

/* Which server key answers: the one that the installation was given; none when
 * that one is retired. False when it is not to be had here. */
bool trivet_case_find_server_key(
    struct trivet_case *c, const struct trivet_facts *facts);

/* Whether the sandbox's incident session-dies ends the caller's session now. */
bool trivet_case_is_session_of_incident(
    const struct trivet_case *c, const struct trivet_facts *facts);
bool trivet_case_is_session_to_end(
    const struct trivet_case *c, const struct trivet_facts *facts);

#endif
