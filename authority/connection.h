/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection.h - an authority's connection to the store
 *
 * For the files of authority/ alone. All of them block but forget_sessions.
 */
#ifndef TRIVET_AUTHORITY_CONNECTION_H
#define TRIVET_AUTHORITY_CONNECTION_H

#include "authority/instance.h"

/* Opens the store when it is not open, or no longer the one that was opened. */
TRIVET_MUST_USE enum trivet_status trivet_authority_ensure_store(
    struct trivet_authority *authority, struct trivet_error *err);

/* The same for an event loop: neither opening nor reading the store waits, and
 * the file's name is looked at every 10 ms only. Makes room for cached
 * sessions. */
TRIVET_MUST_USE enum trivet_status trivet_authority_ensure_store_at_once(
    struct trivet_authority *authority, struct trivet_error *err);

/* Takes the places of the server keys that another authority of this process
 * found. False: none has. Does not block. */
bool trivet_authority_take_known_keys(struct trivet_authority *authority);

/* Closes a store that failed: the next use opens it again. */
void trivet_authority_drop_store(struct trivet_authority *authority);

/* Empties the cache of sessions. */
void trivet_authority_forget_sessions(struct trivet_authority *authority);

#endif
