/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - the store: opening it, and transactions
 *
 * What is kept is in store/noun/, a header for each noun; this contract is that
 * of their verbs, too. Tokens and API keys are given as SHA-256 digests only.
 * Every function blocks (disk, locks). One thread at a time per handle.
 *
 * Failures: TRIVET_E_UNAVAILABLE when the store cannot be reached, read or
 * written (close it and open it again to retry), TRIVET_E_NOT_FOUND and
 * TRIVET_E_CONFLICT as their names say. A change is durable when its commit
 * returned TRIVET_OK; outside a transaction each change is one of its own. Each
 * change appends its row to the audit log (store/noun/audit.h).
 */
#ifndef TRIVET_STORE_STORE_H
#define TRIVET_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "trivet/status.h"

struct trivet_store;

/* What a store's URL looks like, for messages. */
#define TRIVET_STORE_SQLITE   "sqlite:PATH"
#define TRIVET_STORE_POSTGRES "postgresql://USER@HOST/NAME"

enum trivet_store_mode {
    TRIVET_STORE_EXISTING, /* must be there, with the schema of this version */
    TRIVET_STORE_AT_ONCE,  /* the same; opening waits TRIVET_STORE_AT_ONCE_MS
                              for the write lock, as later statements do;
                              TRIVET_E_UNAVAILABLE of a database that is
                              reached over a network                   */
    TRIVET_STORE_MIGRATE,  /* made when it is not there, brought up to date;
                              of a database that others use too, as EXISTING */
    TRIVET_STORE_UPGRADE   /* MIGRATE, whatever the database                 */
};

/* The chain of the audit log that the changes of a handle are appended to. A
 * gateway names its own; commands of an operator have TRIVET_CHAIN_OPERATOR
 * where several write at once, and TRIVET_CHAIN_MAIN in SQLite. */
#define TRIVET_CHAIN_MAIN     "main"
#define TRIVET_CHAIN_OPERATOR "operator"
enum { TRIVET_MAX_CHAIN = 33 }; /* bytes of a name, with the NUL */

/* Of an operator's name in the audit log, with the NUL. */
enum { TRIVET_MAX_OPERATOR = 23 };

/* How long a thread that must not block waits for the write lock. */
enum { TRIVET_STORE_AT_ONCE_MS = 1 };

/* Whether the url can be a store's, as far as can be known without going there.
 * Does not block. TRIVET_E_USAGE: there is no driver for it, or it is not as it
 * should be. */
TRIVET_MUST_USE enum trivet_status trivet_store_check_url(
    const char *url, struct trivet_error *err);

/* Whether the database at url is one that several gateways use. Does not
 * block. */
bool trivet_store_is_shared(const char *url);

/*
 * Opens the store at url, such as "sqlite:/var/lib/trivet/trivet.db". Its files
 * are the owner's alone (0600), whatever the umask; looser ones are mended.
 *
 * TRIVET_E_USAGE     no driver for that url, it is not as it should be, or the
 *                    schema is of a later version (or of an earlier one, when
 *                    not migrating).
 */
TRIVET_MUST_USE enum trivet_status trivet_store_open(const char *url,
    enum trivet_store_mode mode, struct trivet_store **out,
    struct trivet_error *err);
void trivet_store_close(struct trivet_store *store);

/* What the operator should know of how the store was found, such as that
 * others could read it; NULL: nothing. Lives as long as the handle. */
const char *trivet_store_notice(struct trivet_store *store);

/* Whether it can be read: one small statement. */
TRIVET_MUST_USE enum trivet_status trivet_store_check(
    struct trivet_store *store, struct trivet_error *err);

/* Whether the handle still reaches what the url names, and can still begin a
 * transaction; if not, close it and open another. Cheap. */
bool trivet_store_is_current(struct trivet_store *store);

/* Whether it may be the name of a chain: 1 to 32 letters, digits, dots, hyphens
 * and underscores. */
bool trivet_chain_is_name(const char *name);
/* From the next transaction on. The chain is begun when it is first needed. */
void trivet_store_use_chain(struct trivet_store *store, const char *name);

/* Who acts through this handle from now on: the operator of that name. Of the
 * name letters, digits and ".-_@" are kept, anything else is "_"; what is too
 * long is cut. NULL, "": one of no name, as of a handle that was just opened.
 */
void trivet_store_act_as_operator(struct trivet_store *store, const char *name);

/* A number that is another one once somebody else has changed something in the
 * store. Only good to compare with others of this handle. Cheap. Where the
 * database has no such number, each call gives another one. */
TRIVET_MUST_USE enum trivet_status trivet_store_get_version(
    struct trivet_store *store, int64_t *out, struct trivet_error *err);

/* How long to wait for the write lock; 0: the driver's default, some seconds.
 */
void trivet_store_set_patience(
    struct trivet_store *store, unsigned max_wait_ms);

/* One writing transaction at a time of each chain (in SQLite: at all); others
 * wait. After a failed call in a transaction only rollback is of use.
 * TRIVET_E_AGAIN of a call in it: others held a row for too long, or there was
 * a deadlock; all of it can be done again. */
TRIVET_MUST_USE enum trivet_status trivet_store_begin(
    struct trivet_store *store, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_commit(
    struct trivet_store *store, struct trivet_error *err);
void trivet_store_rollback(struct trivet_store *store);

/*
 * Whether a transaction that failed with err is to be done again, from its
 * begin: the database took it back because of what others did at the same time
 * (a serialisation failure, a deadlock), and it was not tried often yet.
 * num_tries: how often it was. Then waits some milliseconds, at random.
 */
bool trivet_store_tries_again(
    const struct trivet_error *err, unsigned num_tries);

#endif
