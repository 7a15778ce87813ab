/* SPDX-License-Identifier: Apache-2.0 */
/* audit.c - what happened, as a chain of rows that cannot be changed unseen */
#include "store/noun/audit.h"

#include <stdio.h>

#include "store/handle.h"
#include "store/noun/statements.h"
#include "store/row.h"
#include "store/transaction.h"
#include "store/value.h"

#define COLUMNS(table)                                                         \
    table "id, " table "at_us, " table "event, " table "actor, " table         \
          "address, " table "user_id, " table "api_key_id, " table             \
          "installation_id, " table "device_id, " table "session_id, " table   \
          "reason, " table "detail, " table "hash"

/* Where they stand, in rows that are written and read. */
enum {
    COLUMN_ID,
    COLUMN_AT,
    COLUMN_EVENT,
    COLUMN_ACTOR,
    COLUMN_ADDRESS,
    COLUMN_USER,
    COLUMN_API_KEY,
    COLUMN_INSTALLATION,
    COLUMN_DEVICE,
    COLUMN_SESSION,
    COLUMN_REASON,
    COLUMN_DETAIL,
    COLUMN_HASH,
    NUM_HASHED = COLUMN_HASH,
    COLUMN_HEAD_ROWS, /* when the head is selected with it */
    COLUMN_HEAD_HASH
};

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
};

static const struct trivet_field head_fields[] = {
    FIELD(struct trivet_audit_head, num_rows, INTEGER),
    FIELD(struct trivet_audit_head, hash, BYTES),
};

/* ---- hashing ----------------------------------------------------------- */

static void
add_integer(struct trivet_digest *digest, int64_t integer)
{
    uint64_t bits = (uint64_t) integer;
    unsigned char bytes[8];

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char) (bits >> (56 - 8 * i));
    }

    trivet_digest_add(digest, trivet_slice_make(bytes, sizeof bytes));
}

/* Of values as they go in or as they come out: nothing is cut or converted on
 * the way, so whatever differs in the table differs here. */
static enum trivet_status
hash_row(struct trivet_digest *digest,
    const unsigned char before[TRIVET_DIGEST_LEN],
    const struct trivet_value *values, unsigned char out[TRIVET_DIGEST_LEN])
{
    trivet_digest_start(digest);
    trivet_digest_add(digest, trivet_slice_make(before, TRIVET_DIGEST_LEN));

    for (size_t i = 0; i < NUM_HASHED; i++) {
        if (values[i].kind == TRIVET_VALUE_INTEGER) {
            add_integer(digest, values[i].integer);
        } else {
            add_integer(digest, (int64_t) values[i].bytes.len);
            trivet_digest_add(digest, values[i].bytes);
        }
    }

    return trivet_digest_finish(digest, out);
}

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

static struct trivet_value
value_word(const char *word)
{
    return trivet_value_text(trivet_slice_text(word == NULL ? "" : word));
}

static void
fill_values(const struct trivet_store *store,
    const struct trivet_audit_entry *entry, int64_t id, int64_t now_us,
    struct trivet_value *values)
{
    const struct trivet_actor *actor = &store->actor;

    values[COLUMN_ID] = trivet_value_integer(id);
    values[COLUMN_AT] = trivet_value_integer(now_us);
    values[COLUMN_EVENT] = value_word(words[entry->event]);
    values[COLUMN_ACTOR] =
        value_word(actor->is_gateway ? "gateway" : "operator");
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

static const struct trivet_statement link_sql = {.name = "audit.link",
    .sql = "UPDATE audit_head SET num_rows = $1, last_hash = $2 WHERE id = 1"};

/* Before a commit: writes the end of the chain back, if rows were added. */
static enum trivet_status
link_end(struct trivet_store *store, struct trivet_error *err)
{
    const struct trivet_value params[] = {
        trivet_value_integer(store->end.head.num_rows),
        trivet_value_blob(store->end.head.hash, sizeof store->end.head.hash)};

    if (!store->end.is_taken) {
        return TRIVET_OK;
    }

    return RUN(store, &link_sql, params, NULL, NULL, err);
}

/* An update, so that a database that lets several write at once makes them wait
 * here for each other: every row follows the one before it. */
static const struct trivet_statement take_sql = {.name = "audit.take",
    .sql = "UPDATE audit_head SET num_rows = num_rows WHERE id = 1"
           " RETURNING num_rows, last_hash",
    .sql_of = {[TRIVET_DIALECT_POSTGRES] =
                   "SELECT num_rows, last_hash FROM audit_head WHERE id = 1"
                   " FOR UPDATE"}};

/* The end of the chain, once a transaction. */
static enum trivet_status
take_end(struct trivet_store *store, struct trivet_error *err)
{
    if (store->end.is_taken) {
        return TRIVET_OK;
    }

    TRIVET_TRY(trivet_store_get(store, &take_sql, NULL, 0, head_fields,
        sizeof head_fields / sizeof head_fields[0], &store->end.head, err));

    store->end.is_taken = true;
    store->before_commit = link_end;
    return TRIVET_OK;
}

static const struct trivet_statement put_sql = {.name = "audit.put",
    .sql = "INSERT INTO audit (" COLUMNS(
        "") ") VALUES"
            " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"};

/* Inside a transaction. */
static enum trivet_status
append(struct trivet_store *store, const struct trivet_audit_entry *entry,
    int64_t now_us, struct trivet_error *err)
{
    struct trivet_value values[NUM_HASHED + 1];
    struct trivet_audit_head *end = &store->end.head;
    unsigned char hash[TRIVET_DIGEST_LEN];

    if (store->digest == NULL) {
        store->digest = trivet_digest_new();
    }
    if (store->digest == NULL) {
        return fail_memory(err);
    }

    TRIVET_TRY(take_end(store, err));

    fill_values(store, entry, end->num_rows + 1, now_us, values);
    TRIVET_TRY(hash_row(store->digest, end->hash, values, hash));
    values[COLUMN_HASH] = trivet_value_blob(hash, sizeof hash);

    TRIVET_TRY(trivet_store_run(
        store, &put_sql, values, NUM_HASHED + 1, NULL, NULL, err));

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

static enum trivet_status
change_once(struct trivet_store *store,
    const struct trivet_statement *statement, const struct trivet_value *params,
    size_t num_params, int64_t *out_id, const struct trivet_audit_entry *entry,
    int64_t now_us, struct trivet_error *err)
{
    enum trivet_status status;
    bool is_own;

    TRIVET_TRY(trivet_store_enter(store, &is_own, err));

    status = trivet_store_run_for_id(
        store, statement, params, num_params, out_id, err);
    if (status == TRIVET_OK) {
        status = append(store, entry, now_us, err);
    }

    return trivet_store_leave(store, is_own, status, err);
}

/* In a transaction that others have begun, they do it again. */
enum trivet_status
trivet_store_change(struct trivet_store *store,
    const struct trivet_statement *statement, const struct trivet_value *params,
    size_t num_params, int64_t *out_id, const struct trivet_audit_entry *entry,
    int64_t now_us, struct trivet_error *err)
{
    struct trivet_error why = {.status = TRIVET_OK};
    bool is_own = !store->is_in_transaction;
    enum trivet_status status;
    unsigned num_tries = 0;

    do {
        status = change_once(
            store, statement, params, num_params, out_id, entry, now_us, &why);
        num_tries++;
    } while (status == TRIVET_E_UNAVAILABLE && is_own
             && trivet_store_tries_again(&why, num_tries));

    if (status != TRIVET_OK && err != NULL) {
        *err = why;
    }
    return status;
}

/* ---- listing ----------------------------------------------------------- */

static const struct trivet_statement list_sql = {.name = "audit.list",
    .sql = "SELECT " COLUMNS("") " FROM audit WHERE id > $1 ORDER BY id"};

static const struct trivet_field fields[] = {
    FIELD(struct trivet_audit_row, id, INTEGER),
    FIELD(struct trivet_audit_row, at_us, INTEGER),
    FIELD(struct trivet_audit_row, event, TEXT),
    FIELD(struct trivet_audit_row, actor, TEXT),
    FIELD(struct trivet_audit_row, address, ADDRESS),
    FIELD(struct trivet_audit_row, user_id, INTEGER),
    FIELD(struct trivet_audit_row, api_key_id, INTEGER),
    FIELD(struct trivet_audit_row, installation_id, INTEGER),
    FIELD(struct trivet_audit_row, device_id, INTEGER),
    FIELD(struct trivet_audit_row, session_id, INTEGER),
    FIELD(struct trivet_audit_row, reason, TEXT),
    FIELD(struct trivet_audit_row, detail, TEXT),
};

struct list {
    trivet_audit_fn on_row;
    void *user;
};

static void
read_row(void *opaque, const struct trivet_value *columns)
{
    const struct list *list = opaque;
    struct trivet_audit_row row;

    READ(fields, columns, &row);
    row.has_address = columns[COLUMN_ADDRESS].bytes.len > 0;
    list->on_row(list->user, &row);
}

enum trivet_status
trivet_store_audit_list(struct trivet_store *store, int64_t since,
    trivet_audit_fn on_row, void *user, struct trivet_error *err)
{
    const struct trivet_value params[] = {trivet_value_integer(since)};
    struct list list = {.on_row = on_row, .user = user};

    return LIST(store, &list_sql, params, read_row, &list, err);
}

/* ---- verifying --------------------------------------------------------- */

struct walk {
    struct trivet_digest *digest;
    const struct trivet_audit_head *noted;
    trivet_audit_fault_fn on_fault;
    void *user;

    enum trivet_status status;
    struct trivet_audit_head head; /* as the table of it says   */
    struct trivet_audit_head seen; /* the last row, and its hash */
    bool is_head_seen;
    bool is_noted_seen;
};

static void
tell(struct walk *walk, enum trivet_audit_fault_kind kind, int64_t first,
    int64_t last)
{
    struct trivet_audit_fault fault = {kind, first, last};

    walk->on_fault(walk->user, &fault);
}

static bool
is_hash(const struct trivet_value *column, const unsigned char *hash)
{
    return trivet_slice_equal(
        column->bytes, trivet_slice_make(hash, TRIVET_DIGEST_LEN));
}

/* One row against the one that was before it. What it follows is not known
 * behind a gap, which was told already. */
static void
check_row(struct walk *walk, const struct trivet_value *columns)
{
    int64_t id = columns[COLUMN_ID].integer;
    bool follows = id == walk->seen.num_rows + 1;
    unsigned char hash[TRIVET_DIGEST_LEN];

    if (id < 1 || id > walk->head.num_rows) {
        tell(walk, TRIVET_AUDIT_ROW_ADDED, id, id);
        return;
    }
    if (!follows) {
        tell(walk, TRIVET_AUDIT_ROWS_MISSING, walk->seen.num_rows + 1, id - 1);
    }

    if (hash_row(walk->digest, walk->seen.hash, columns, hash) != TRIVET_OK) {
        walk->status = TRIVET_E_CRYPTO;
        return;
    }
    if (follows && !is_hash(&columns[COLUMN_HASH], hash)) {
        tell(walk, TRIVET_AUDIT_ROW_CHANGED, id, id);
    }
    if (walk->noted != NULL && walk->noted->num_rows == id) {
        walk->is_noted_seen = is_hash(&columns[COLUMN_HASH], walk->noted->hash);
    }

    /* Go on from what it says, so that one change is told once. */
    walk->seen.num_rows = id;
    if (columns[COLUMN_HASH].bytes.len == TRIVET_DIGEST_LEN) {
        memcpy(walk->seen.hash, columns[COLUMN_HASH].bytes.data,
            TRIVET_DIGEST_LEN);
    }
}

/* The head comes with every row, and once with none when there is none. */
static void
walk_row(void *opaque, const struct trivet_value *columns)
{
    struct walk *walk = opaque;

    if (!walk->is_head_seen) {
        walk->is_head_seen = true;
        READ(head_fields, &columns[COLUMN_HEAD_ROWS], &walk->head);
    }

    if (columns[COLUMN_ID].kind == TRIVET_VALUE_INTEGER) {
        check_row(walk, columns);
    }
}

static void
check_end(struct walk *walk)
{
    if (!walk->is_head_seen) {
        tell(walk, TRIVET_AUDIT_HEAD_MISSING, 0, 0);
        return;
    }

    if (walk->seen.num_rows < walk->head.num_rows) {
        tell(walk, TRIVET_AUDIT_ROWS_MISSING, walk->seen.num_rows + 1,
            walk->head.num_rows);
    } else if (memcmp(walk->seen.hash, walk->head.hash, TRIVET_DIGEST_LEN) != 0)
    {
        tell(walk, TRIVET_AUDIT_HEAD_WRONG, walk->head.num_rows,
            walk->head.num_rows);
    }

    if (walk->noted != NULL && !walk->is_noted_seen
        && walk->noted->num_rows != 0) {
        tell(walk, TRIVET_AUDIT_NOT_AS_NOTED, walk->noted->num_rows,
            walk->noted->num_rows);
    }
}

static const struct trivet_statement walk_sql = {.name = "audit.walk",
    .sql = "SELECT " COLUMNS(
        "a.") ", h.num_rows, h.last_hash"
              " FROM audit_head h LEFT JOIN audit a ON a.id IS NOT NULL"
              " WHERE h.id = 1 ORDER BY a.id"};

/* One statement reads rows and head: what others append meanwhile is seen in
 * both or in neither. */
enum trivet_status
trivet_store_audit_verify(struct trivet_store *store,
    const struct trivet_audit_head *noted, trivet_audit_fault_fn on_fault,
    void *user, struct trivet_audit_head *out, struct trivet_error *err)
{
    struct walk walk = {
        .digest = trivet_digest_new(),
        .noted = noted,
        .on_fault = on_fault,
        .user = user,
    };
    enum trivet_status status;

    if (walk.digest == NULL) {
        return fail_memory(err);
    }

    status = trivet_store_list(store, &walk_sql, NULL, 0, walk_row, &walk, err);
    trivet_digest_free(walk.digest);

    if (status != TRIVET_OK) {
        return status;
    }
    if (walk.status != TRIVET_OK) {
        return trivet_error_set(
            err, walk.status, "store.audit", "a hash could not be made");
    }

    check_end(&walk);
    *out = walk.head;
    return TRIVET_OK;
}

static const struct trivet_statement *const statements[] = {
    &link_sql,
    &take_sql,
    &put_sql,
    &list_sql,
    &walk_sql,
};
const struct trivet_statements trivet_audit_statements =
    TRIVET_STATEMENTS(statements);
