/* SPDX-License-Identifier: Apache-2.0 */
/* audit.c - what happened, as a chain of rows that cannot be changed unseen */
#include "store/noun/audit.h"

#include <stdio.h>

#include "store/handle.h"
#include "store/noun/audit_hash.h"
#include "store/noun/statements.h"
#include "store/transaction.h"
#include "store/value.h"

static const char *const words[TRIVET_NUM_AUDIT_EVENTS] = {
    [TRIVET_AUDIT_SERVER_KEY_ADDED] = "server-key-added",
    [TRIVET_AUDIT_SERVER_KEY_MOVED] = "server-key-moved",
    [TRIVET_AUDIT_SERVER_KEY_CURRENT] = "server-key-current",
    [TRIVET_AUDIT_SERVER_KEY_RETIRED] = "server-key-retired",
    [TRIVET_AUDIT_SERVER_KEY_DROPPED] = "server-key-dropped",
    [TRIVET_AUDIT_USER_CREATED] = "user-created",
    [TRIVET_AUDIT_USER_CERTIFIED] = "user-certified",
    [TRIVET_AUDIT_AUTO_LOGOUT_CHANGED] = "auto-logout-changed",
    [TRIVET_AUDIT_INSTALLATION_CREATED] = "installation-created",
    [TRIVET_AUDIT_KEY_CREATED] = "key-created",
    [TRIVET_AUDIT_KEY_BOUND] = "key-bound",
    [TRIVET_AUDIT_KEY_FREED] = "key-freed",
    [TRIVET_AUDIT_KEY_CONFINED] = "key-confined",
    [TRIVET_AUDIT_KEY_REVOKED] = "key-revoked",
    [TRIVET_AUDIT_IP_PERMITTED] = "ip-permitted",
    [TRIVET_AUDIT_IP_DISABLED] = "ip-disabled",
    [TRIVET_AUDIT_DEVICE_CREATED] = "device-created",
    [TRIVET_AUDIT_SESSION_OPENED] = "session-opened",
    [TRIVET_AUDIT_SESSION_EXTENDED] = "session-extended",
    [TRIVET_AUDIT_SESSION_ENDED] = "session-ended",
    [TRIVET_AUDIT_CLOCK_ACCEPTED] = "clock-accepted",
    [TRIVET_AUDIT_REFUSED] = "refused",
    [TRIVET_AUDIT_REFUSALS_LEFT_OUT] = "refusals-left-out",
    [TRIVET_AUDIT_PRUNED] = "pruned",
    [TRIVET_AUDIT_RESET] = "reset",
    [TRIVET_AUDIT_RESTORED] = "restored",
    [TRIVET_AUDIT_KEY_LABELLED] = "key-labelled",
    [TRIVET_AUDIT_SESSIONS_ENDED] = "sessions-ended",
    [TRIVET_AUDIT_CLOCK_MOVED] = "clock-moved",
    [TRIVET_AUDIT_INCIDENT_SWITCHED] = "incident-switched",
    [TRIVET_AUDIT_PROVIDER_MADE] = "provider-made",
};

static enum trivet_status
fail_memory(struct trivet_error *err)
{
    return trivet_error_set(
        err, TRIVET_E_MEMORY, "store.audit", "out of memory");
}

/* ---- appending --------------------------------------------------------- */

void
trivet_store_act_as_gateway(
    struct trivet_store *store, const struct trivet_address *address)
{
    store->actor.is_gateway = true;
    store->actor.has_address = address != NULL;
    if (address != NULL) {
        store->actor.address = *address;
    }
}

void
trivet_store_act_as_operator(struct trivet_store *store, const char *name)
{
    static const char marks[] = ".-_@";
    struct trivet_actor *actor = &store->actor;
    size_t len = 0;

    *actor = (struct trivet_actor){.is_gateway = false};

    for (const char *c = name; c != NULL && *c != '\0'; c++) {
        bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        bool is_digit = *c >= '0' && *c <= '9';
        bool is_kept = is_letter || is_digit || strchr(marks, *c) != NULL;

        if (len + 1 == sizeof actor->name) {
            break;
        }
        actor->name[len] = '_';
        if (is_kept) {
            actor->name[len] = *c;
        }
        len++;
    }
}

/* "gateway", "operator" or "operator:NAME". */
static const char *
format_actor(const struct trivet_actor *actor, char out[TRIVET_MAX_AUDIT_WORD])
{
    if (actor->is_gateway) {
        return "gateway";
    }
    if (actor->name[0] == '\0') {
        return "operator";
    }

    (void) snprintf(out, TRIVET_MAX_AUDIT_WORD, "operator:%s", actor->name);
    return out;
}

static struct trivet_value
value_word(const char *word)
{
    return trivet_value_text(trivet_slice_text(word == NULL ? "" : word));
}

static void
fill_values(const struct trivet_store *store,
    const struct trivet_audit_entry *entry, int64_t id, int64_t now_us,
    char word[TRIVET_MAX_AUDIT_WORD], struct trivet_value *values)
{
    const struct trivet_actor *actor = &store->actor;

    values[COLUMN_ID] = trivet_value_integer(id);
    values[COLUMN_AT] = trivet_value_integer(now_us);
    values[COLUMN_EVENT] = value_word(words[entry->event]);
    values[COLUMN_ACTOR] = value_word(format_actor(actor, word));
    values[COLUMN_ADDRESS] = trivet_value_blob(NULL, 0);
    if (actor->has_address) {
        values[COLUMN_ADDRESS] = trivet_value_address(&actor->address);
    }
    values[COLUMN_USER] = trivet_value_integer(entry->user_id);
    values[COLUMN_API_KEY] = trivet_value_integer(entry->api_key_id);
    values[COLUMN_INSTALLATION] = trivet_value_integer(entry->installation_id);
    values[COLUMN_DEVICE] = trivet_value_integer(entry->device_id);
    values[COLUMN_SESSION] = trivet_value_integer(entry->session_id);
    values[COLUMN_REASON] = value_word(entry->reason);
    values[COLUMN_DETAIL] = value_word(entry->detail);
}

static const struct trivet_statement put_sql = {.name = "audit.put",
    .sql = "INSERT INTO audit (" TRIVET_AUDIT_COLUMNS ", chain) VALUES"
           " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"};

/* Inside a transaction. */
static enum trivet_status
append(struct trivet_store *store, const struct trivet_audit_entry *entry,
    int64_t now_us, struct trivet_error *err)
{
    struct trivet_value values[NUM_AUDIT_COLUMNS + 1];
    struct trivet_audit_head *end = &store->end.head;
    unsigned char hash[TRIVET_DIGEST_LEN];
    char word[TRIVET_MAX_AUDIT_WORD];

    if (store->digest == NULL) {
        store->digest = trivet_digest_new();
    }
    if (store->digest == NULL) {
        return fail_memory(err);
    }

    TRIVET_TRY(trivet_chain_take(store, err));

    fill_values(store, entry, end->num_rows + 1, now_us, word, values);
    TRIVET_TRY(trivet_audit_hash_row(store->digest, end->hash, values, hash));
    values[COLUMN_HASH] = trivet_value_digest(hash);
    values[NUM_AUDIT_COLUMNS] = trivet_value_cstring(store->chain);

    TRIVET_TRY(RUN(store, &put_sql, values, NULL, NULL, err));

    store->end.is_changed = true;
    end->num_rows++;
    memcpy(end->hash, hash, sizeof end->hash);
    return TRIVET_OK;
}

enum trivet_status
trivet_store_audit_put(struct trivet_store *store,
    const struct trivet_audit_entry *entry, int64_t now_us,
    struct trivet_error *err)
{
    enum trivet_status status;
    bool is_own;

    TRIVET_TRY(trivet_store_enter(store, &is_own, err));
    status = append(store, entry, now_us, err);

    return trivet_store_leave(store, is_own, status, err);
}

struct change {
    trivet_hold_fn hold; /* NULL: nothing is held */
    int64_t held_id;
    const struct trivet_statement *statement;
    const struct trivet_value *params;
    size_t num_params;
};

static enum trivet_status
change_once(struct trivet_store *store, const struct change *change,
    int64_t *out_id, const struct trivet_audit_entry *entry, int64_t now_us,
    struct trivet_error *err)
{
    enum trivet_status status = TRIVET_OK;
    bool is_own;

    TRIVET_TRY(trivet_store_enter(store, &is_own, err));

    if (change->hold != NULL) {
        status = change->hold(store, change->held_id, err);
    }
    if (status == TRIVET_OK) {
        status = trivet_store_run_for_id(store, change->statement,
            change->params, change->num_params, out_id, err);
    }
    if (status == TRIVET_OK) {
        status = append(store, entry, now_us, err);
    }

    return trivet_store_leave(store, is_own, status, err);
}

/* In a transaction that others have begun, they do it again. */
enum trivet_status
trivet_store_change_held(struct trivet_store *store, trivet_hold_fn hold,
    int64_t held_id, const struct trivet_statement *statement,
    const struct trivet_value *params, size_t num_params, int64_t *out_id,
    const struct trivet_audit_entry *entry, int64_t now_us,
    struct trivet_error *err)
{
    const struct change change = {hold, held_id, statement, params, num_params};
    struct trivet_error why = {.status = TRIVET_OK};
    bool is_own = !store->is_in_transaction;
    enum trivet_status status;
    unsigned num_tries = 0;

    do {
        status = change_once(store, &change, out_id, entry, now_us, &why);
        num_tries++;
    } while ((status == TRIVET_E_UNAVAILABLE || status == TRIVET_E_AGAIN)
             && is_own && trivet_store_tries_again(&why, num_tries));

    if (status != TRIVET_OK && err != NULL) {
        *err = why;
    }
    return status;
}

enum trivet_status
trivet_store_change(struct trivet_store *store,
    const struct trivet_statement *statement, const struct trivet_value *params,
    size_t num_params, int64_t *out_id, const struct trivet_audit_entry *entry,
    int64_t now_us, struct trivet_error *err)
{
    return trivet_store_change_held(store, NULL, 0, statement, params,
        num_params, out_id, entry, now_us, err);
}

static const struct trivet_statement *const statements[] = {
    &put_sql,
};
const struct trivet_statements trivet_audit_statements =
    TRIVET_STATEMENTS(statements);
