/* SPDX-License-Identifier: Apache-2.0 */
/* handle.h - what is behind a struct trivet_store: for the store's own files */
#ifndef TRIVET_STORE_HANDLE_H
#define TRIVET_STORE_HANDLE_H

#include <stdbool.h>

#include "core/address.h"
#include "store/chain.h"
#include "store/driver.h"
#include "store/store.h"

/* Who acts through a handle. Zeroes: an operator of no name. */
struct trivet_actor {
    bool is_gateway;
    char name[TRIVET_MAX_OPERATOR]; /* of an operator */
    bool has_address;
    struct trivet_address address;
};

/* What must be written before a transaction is committed. */
typedef enum trivet_status (*trivet_commit_fn)(
    struct trivet_store *store, struct trivet_error *err);

struct trivet_store {
    const struct trivet_driver *driver;
    void *connection;   /* NULL: closed, because a rollback failed */
    const char *notice; /* of the connection; NULL: none */
    bool is_in_transaction;
    bool has_failed;   /* a statement returned TRIVET_E_UNAVAILABLE, ever */
    int64_t num_asked; /* for its version, where the driver has none */

    struct trivet_actor actor;
    char chain[TRIVET_MAX_CHAIN];   /* of the audit, that it writes           */
    struct trivet_digest *digest;   /* of the audit; NULL until needed        */
    struct trivet_audit_end end;    /* written back by the commit             */
    struct trivet_audit_end marked; /* end, as it was at the savepoint        */
    int64_t held_key_id; /* the API key whose user is held (hold.h); 0: none  */
    trivet_commit_fn before_commit; /* NULL: nothing to write                 */
};

#endif
