/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.h - what happened, as a chain of rows that cannot be changed unseen
 *
 * Every verb of store.h that changes something appends a row itself, in the
 * transaction of the change: no caller can forget it. Rows hold ids, addresses
 * and reasons; no token, no key and no digest of one.
 *
 *   hash    = SHA-256( hash of the row before,
 *                      each column but hash and chain, in the table's order )
 *   before the first row: 32 zeroes in the chain main, the SHA-256 of its
 *             name in any other
 *   integer = 8 bytes, big-endian
 *   text    = its length as an integer, its bytes; a blob likewise
 *
 * Each gateway writes a chain of its own (store/chain.h). The number of its
 * rows and the last hash are kept a second time in audit_head, and, signed, in
 * checkpoints (store/noun/checkpoint.h).
 */
#ifndef TRIVET_STORE_NOUN_AUDIT_H
#define TRIVET_STORE_NOUN_AUDIT_H

#include "core/address.h"
#include "core/page.h"
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
    TRIVET_AUDIT_RESTORED,     /* from a backup; detail: where the store is that
                                  was replaced                                  */
    TRIVET_AUDIT_KEY_LABELLED, /* has another label                     */
    TRIVET_AUDIT_SESSIONS_ENDED,    /* of a user; detail: how many           */
    TRIVET_AUDIT_CLOCK_MOVED,       /* a sandbox's; detail: by how much      */
    TRIVET_AUDIT_INCIDENT_SWITCHED, /* a sandbox's; detail: which, on or off */
    TRIVET_AUDIT_PROVIDER_MADE, /* a sandbox's certificate; detail: its name */
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

/* The same, after hold(held_id) in the same transaction (store/noun/hold.h). */
typedef enum trivet_status (*trivet_hold_fn)(
    struct trivet_store *store, int64_t id, struct trivet_error *err);
TRIVET_MUST_USE enum trivet_status trivet_store_change_held(
    struct trivet_store *store, trivet_hold_fn hold, int64_t held_id,
    const struct trivet_statement *statement, const struct trivet_value *params,
    size_t num_params, int64_t *out_id, const struct trivet_audit_entry *entry,
    int64_t now_us, struct trivet_error *err);

#define CHANGE_HELD(store, hold, id, statement, params, out, entry, now, err)  \
    trivet_store_change_held(store, hold, id, statement, params,               \
        sizeof(params) / sizeof((params)[0]), out, entry, now, err)
#define CHANGE(store, statement, params, out, entry, now_us, err)              \
    trivet_store_change(store, statement, params,                              \
        sizeof(params) / sizeof((params)[0]), out, entry, now_us, err)

struct trivet_audit_row {
    const char *chain; /* lives as long as the reader */
    int64_t id;        /* in its chain */
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

/* ---- reading ----------------------------------------------------------- */

/* Who reads all chains, and how far he is. */
struct trivet_audit_reader;

/* NULL when memory ran out. */
struct trivet_audit_reader *trivet_audit_reader_new(void);
void trivet_audit_reader_free(struct trivet_audit_reader *reader);

/* Passes over the rows of the chain up to id. TRIVET_E_MEMORY. */
TRIVET_MUST_USE enum trivet_status trivet_audit_reader_skip(
    struct trivet_audit_reader *reader, const char *chain, int64_t id);

/* The rows that were not given yet, of all chains, in the order of time; those
 * of one chain in their own order. Called again, it gives what came since. */
TRIVET_MUST_USE enum trivet_status trivet_store_audit_read(
    struct trivet_store *store, struct trivet_audit_reader *reader,
    trivet_audit_fn on_row, void *user, struct trivet_error *err);

/* A page of one chain: the rows below page->older_id, the newest first; or,
 * when page->newer_id is not -1, those above it, the oldest first. */
TRIVET_MUST_USE enum trivet_status trivet_store_audit_search(
    struct trivet_store *store, const char *chain,
    const struct trivet_page *page, trivet_audit_fn on_row, void *user,
    struct trivet_error *err);

/* The names of the chains that have rows. */
TRIVET_MUST_USE enum trivet_status trivet_store_audit_chains(
    struct trivet_store *store, void (*on_chain)(void *user, const char *name),
    void *user, struct trivet_error *err);

/* ---- verifying --------------------------------------------------------- */

enum trivet_audit_fault_kind {
    TRIVET_AUDIT_ROW_CHANGED, /* it, or what it follows: or it was moved     */
    TRIVET_AUDIT_ROWS_MISSING,
    TRIVET_AUDIT_ROW_ADDED,  /* behind the end, or with an id below 1       */
    TRIVET_AUDIT_HEAD_WRONG, /* the last row's hash is not the head's       */
    TRIVET_AUDIT_HEAD_MISSING,
    TRIVET_AUDIT_NOT_AS_NOTED,  /* row `noted` has another hash, or is gone */
    TRIVET_AUDIT_CHAIN_MISSING, /* that a checkpoint knows: rows and head   */
    TRIVET_AUDIT_NOT_AS_SIGNED, /* the row has another hash than a checkpoint
                                   says                                      */

    /* of checkpoints: first and last are theirs, chain is empty */
    TRIVET_AUDIT_CHECKPOINT_CHANGED, /* it, its heads, or what it follows    */
    TRIVET_AUDIT_CHECKPOINT_FORGED,  /* its signature is no server key's     */
    TRIVET_AUDIT_CHECKPOINTS_MISSING,
    TRIVET_AUDIT_CHECKPOINT_ADDED, /* behind the end, or with an id below 1  */
    TRIVET_AUDIT_CHECKPOINT_END_WRONG,
    TRIVET_AUDIT_CHECKPOINT_END_MISSING,
    TRIVET_AUDIT_CHECKPOINT_NOT_AS_NOTED,
    TRIVET_NUM_AUDIT_FAULTS
};

struct trivet_audit_fault {
    enum trivet_audit_fault_kind kind;
    const char *chain; /* lives until the callback returns; "": of none */
    int64_t first;     /* the row, or the first of the rows */
    int64_t last;
};

/* The end of a chain, as somebody wrote it down at some time before. */
struct trivet_audit_note {
    char chain[TRIVET_MAX_CHAIN];
    struct trivet_audit_head head;
};

struct trivet_audit_report {
    int64_t num_rows;
    int64_t num_chains;
    int64_t num_behind;                  /* rows behind the last checkpoint */
    struct trivet_audit_head checkpoint; /* the last; how many there are    */
    int64_t whole_until; /* up to this checkpoint all is whole; 0: none     */
    int64_t whole_at_us; /* when that was made                              */
};

/* Who asks, and what he is told. */
struct trivet_audit_inquiry {
    const struct trivet_audit_note *heads; /* that were noted */
    size_t num_heads;
    const struct trivet_audit_head *checkpoint; /* noted; NULL: none */

    void (*on_fault)(void *user, const struct trivet_audit_fault *fault);
    /* Each chain, with its end as its head has it, in the order of names. */
    void (*on_chain)(void *user, const char *chain,
        const struct trivet_audit_head *head); /* NULL: not told */
    void *user;
};

/* Walks all checkpoints, and then all chains, beside writers. */
TRIVET_MUST_USE enum trivet_status trivet_store_audit_verify(
    struct trivet_store *store, const struct trivet_audit_inquiry *inquiry,
    struct trivet_audit_report *out, struct trivet_error *err);

#endif
