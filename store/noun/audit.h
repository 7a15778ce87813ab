/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.h - what happened, as a chain of rows that cannot be changed unseen
 *
 * Every verb of store.h that changes something appends a row itself, in the
 * transaction of the change: no caller can forget it. Rows hold ids, addresses
 * and reasons; no token, no key and no digest of one.
 *
 *   hash    = SHA-256( hash of the row before, 32 zeroes for the first
 *                      each column but the hash, in the table's order )
 *   integer = 8 bytes, big-endian
 *   text    = its length as an integer, its bytes; a blob likewise
 *
 * The number of rows and the last hash are kept a second time in audit_head.
 */
#ifndef TRIVET_STORE_NOUN_AUDIT_H
#define TRIVET_STORE_NOUN_AUDIT_H

#include "core/address.h"
#include "store/audit_head.h"
#include "store/statement.h"
#include "store/store.h"

enum trivet_audit_event {
    TRIVET_AUDIT_SERVER_KEY_ADDED = 0, /* detail: which; of the next too    */
    TRIVET_AUDIT_SERVER_KEY_MOVED,     /* its file or URI has another name  */
    TRIVET_AUDIT_SERVER_KEY_CURRENT,   /* given to new installations        */
    TRIVET_AUDIT_SERVER_KEY_RETIRED,
    TRIVET_AUDIT_SERVER_KEY_DROPPED, /* nobody was given it                */
    TRIVET_AUDIT_USER_CREATED,
    TRIVET_AUDIT_USER_CERTIFIED, /* is a payment service provider           */
    TRIVET_AUDIT_AUTO_LOGOUT_CHANGED, /* detail: seconds                     */
    TRIVET_AUDIT_INSTALLATION_CREATED,
    TRIVET_AUDIT_KEY_CREATED,
    TRIVET_AUDIT_KEY_BOUND,    /* detail: "any address", or nothing          */
    TRIVET_AUDIT_KEY_FREED,    /* from its permitted addresses               */
    TRIVET_AUDIT_KEY_CONFINED, /* to them again                              */
    TRIVET_AUDIT_KEY_REVOKED,
    TRIVET_AUDIT_IP_PERMITTED, /* detail: the address                        */
    TRIVET_AUDIT_IP_DISABLED,  /* likewise                                   */
    TRIVET_AUDIT_DEVICE_CREATED,
    TRIVET_AUDIT_SESSION_OPENED,
    TRIVET_AUDIT_SESSION_EXTENDED,
    TRIVET_AUDIT_SESSION_ENDED,
    TRIVET_AUDIT_CLOCK_ACCEPTED,    /* an earlier one than was seen; detail: by
                                       how much                             */
    TRIVET_AUDIT_REFUSED,           /* a credential; reason: why             */
    TRIVET_AUDIT_REFUSALS_LEFT_OUT, /* detail: how many, of whom             */
    TRIVET_AUDIT_PRUNED,            /* detail: how many of what              */
    TRIVET_AUDIT_RESET, /* a sandbox: all but keys and log was removed       */
    TRIVET_NUM_AUDIT_EVENTS
};

enum {
    TRIVET_MAX_AUDIT_WORD = 32,  /* bytes of an event or actor, with the NUL */
    TRIVET_MAX_AUDIT_DETAIL = 64 /* bytes of a reason or detail, likewise    */
};

/* What happened, to what. Ids of 0: not about such a thing. */
struct trivet_audit_entry {
    enum trivet_audit_event event;
    int64_t user_id;
    int64_t api_key_id;
    int64_t installation_id;
    int64_t device_id;
    int64_t session_id;
    const char *reason; /* NULL: none; else a reason's id */
    char detail[TRIVET_MAX_AUDIT_DETAIL];
};

/* Who acts through this handle from now on: the gateway, for a caller at
 * address (NULL: for none). A handle that was just opened is the operator's. */
void trivet_store_act_as_gateway(
    struct trivet_store *store, const struct trivet_address *address);

/* Appends a row: in the transaction that is open, or in one of its own. */
TRIVET_MUST_USE enum trivet_status trivet_store_audit_put(
    struct trivet_store *store, const struct trivet_audit_entry *entry,
    int64_t now_us, struct trivet_error *err);

/* Runs a statement that changes one thing and gives its id, and appends entry
 * to the audit log, both or neither. out_id may point into entry.
 * TRIVET_E_NOT_FOUND when nothing was changed. For the store's own verbs. */
TRIVET_MUST_USE enum trivet_status trivet_store_change(
    struct trivet_store *store, const struct trivet_statement *statement,
    const struct trivet_value *params, size_t num_params, int64_t *out_id,
    const struct trivet_audit_entry *entry, int64_t now_us,
    struct trivet_error *err);

#define CHANGE(store, statement, params, out, entry, now_us, err)              \
    trivet_store_change(store, statement, params,                              \
        sizeof(params) / sizeof((params)[0]), out, entry, now_us, err)

struct trivet_audit_row {
    int64_t id;
    int64_t at_us;
    char event[TRIVET_MAX_AUDIT_WORD];
    char actor[TRIVET_MAX_AUDIT_WORD];
    bool has_address;
    struct trivet_address address;
    int64_t user_id;
    int64_t api_key_id;
    int64_t installation_id;
    int64_t device_id;
    int64_t session_id;
    char reason[TRIVET_MAX_AUDIT_DETAIL];
    char detail[TRIVET_MAX_AUDIT_DETAIL];
};

typedef void (*trivet_audit_fn)(void *user, const struct trivet_audit_row *row);

/* The rows with ids above since, in their order. */
TRIVET_MUST_USE enum trivet_status trivet_store_audit_list(
    struct trivet_store *store, int64_t since, trivet_audit_fn on_row,
    void *user, struct trivet_error *err);

enum trivet_audit_fault_kind {
    TRIVET_AUDIT_ROW_CHANGED, /* it, or what it follows: or it was moved     */
    TRIVET_AUDIT_ROWS_MISSING,
    TRIVET_AUDIT_ROW_ADDED,  /* behind the end, or with an id below 1       */
    TRIVET_AUDIT_HEAD_WRONG, /* the last row's hash is not the head's       */
    TRIVET_AUDIT_HEAD_MISSING,
    TRIVET_AUDIT_NOT_AS_NOTED /* row `noted` has another hash, or is gone    */
};

struct trivet_audit_fault {
    enum trivet_audit_fault_kind kind;
    int64_t first; /* the row, or the first of the rows */
    int64_t last;
};

typedef void (*trivet_audit_fault_fn)(
    void *user, const struct trivet_audit_fault *fault);

/*
 * Walks the whole chain, in constant memory and beside writers. Calls on_fault
 * for each fault, in their order.
 *
 * noted  the end of the chain as it was at some time before; NULL: not known.
 * out    the end as the head tells it.
 */
TRIVET_MUST_USE enum trivet_status trivet_store_audit_verify(
    struct trivet_store *store, const struct trivet_audit_head *noted,
    trivet_audit_fault_fn on_fault, void *user, struct trivet_audit_head *out,
    struct trivet_error *err);

#endif
