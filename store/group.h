/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group.h - threads that write share a commit
 *
 * A commit waits for the disk: the threads that come meanwhile do their work in
 * one transaction, each behind a savepoint of its own, and the last of them
 * commits for all. Every one returns when its own change is durable. One group
 * for each process and store. Threads: any number at once. Blocks: yes.
 */
#ifndef TRIVET_STORE_GROUP_H
#define TRIVET_STORE_GROUP_H

#include "store/store.h"

struct trivet_group;

/* For the store at url, and the audit chain (NULL: as a new handle has it),
 * which must outlive the group; it is opened when it is first written. NULL
 * when memory ran out. */
struct trivet_group *trivet_group_new(const char *url, const char *chain);
/* When nobody is in it any more. Accepts NULL. */
void trivet_group_free(struct trivet_group *group);

/*
 * Waits for the turn. Then *out is this thread's alone, in a transaction, until
 * trivet_group_leave, which must follow; *out sees what others of the same
 * group have written. Be quick: others wait.
 *
 * TRIVET_E_UNAVAILABLE  as of the store, or as another of the group found it
 *                       while this one waited; do not leave then.
 */
TRIVET_MUST_USE enum trivet_status trivet_group_enter(
    struct trivet_group *group, struct trivet_store **out,
    struct trivet_error *err);

/*
 * After TRIVET_E_AGAIN in the turn, instead of leaving: takes back what was
 * done in it, commits what others have done, and begins anew, for this thread
 * alone and in the same turn: now it may wait for what others hold, since it
 * holds nothing of theirs. Fails as trivet_group_enter; do not leave then.
 */
TRIVET_MUST_USE enum trivet_status trivet_group_again(
    struct trivet_group *group, struct trivet_store **out,
    struct trivet_error *err);

/*
 * Ends the turn. status: what became of the work; keep: whether its changes
 * are wanted, if it is TRIVET_OK.
 *
 * Wanted: waits until they are durable, and returns TRIVET_OK; or returns the
 * failure, and none of them was made. Not wanted: takes them back and returns
 * status at once, whatever it is: that one member failed is nothing to the
 * others. When the store itself failed (a statement of this turn, or taking
 * back), the work of all that share the commit is taken back, and they are told
 * TRIVET_E_UNAVAILABLE: the store is no longer to be trusted with it.
 */
TRIVET_MUST_USE enum trivet_status trivet_group_leave(
    struct trivet_group *group, enum trivet_status status, bool keep,
    struct trivet_error *err);

#endif
