/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statements.c - every SQL statement of the store, once
 *
 * Plain enough for SQLite and PostgreSQL alike: numbered parameters, BIGINT
 * and BLOB/BYTEA values, RETURNING. Columns are read by position in records.c,
 * listing.c and pages.c.
 */
#include "store/statements.h"

#include <stddef.h>

#define PERMITS(key, address)                                                  \
    "(" key ".allow_all_ips <> 0 OR EXISTS (SELECT 1 FROM permitted_ip p"      \
    " WHERE p.api_key_id = " key ".id AND p.address = " address                \
    " AND p.is_active <> 0))"

#define LIFE_OF_SESSION "COALESCE(s.timeout_s, u.auto_logout_s)"

/* Of session s, key k, user u: whether it may be used at now. */
#define IS_ALIVE(now)                                                          \
    "(s.ended_us IS NULL AND k.revoked_us IS NULL"                             \
    " AND s.anchored_us + " LIFE_OF_SESSION " * 1000000 > " now ")"

#define SERVER_KEY_COLUMNS                                                     \
    "y.id, y.created_us, y.is_current, y.retired_us, y.location"

#define USER_COLUMNS                                                           \
    "id, created_us, updated_us, kind, public_uuid, display_name,"             \
    " auto_logout_s, distinguished_name"

/*
 * A page of a list, newest first, and the ends of the whole list behind its
 * columns. $1 owner, $2 newer_id, $3 older_id, $4 whether those that follow
 * newer_id are wanted, $5 how many. All by an index of the owner: no more than
 * the page is read, and of one item no more than that.
 */
#define OWNED(table, owner) " FROM " table " WHERE " owner " = $1"
#define PAGE(row, columns, from, table, owner)                                 \
    "SELECT " columns ", (SELECT MAX(id)" OWNED(table,                         \
        owner) "),"                                                            \
               " (SELECT MIN(id)" OWNED(table,                                 \
                   owner) ") FROM " from " WHERE " row "." owner               \
                          " = $1 AND " row ".id > $2"                          \
                          " AND " row                                          \
                          ".id <= CASE WHEN $4 <> 0 THEN (SELECT MAX(id) FROM" \
                          " (SELECT id" OWNED(table,                           \
                              owner) " AND id > $2 AND id < $3"                \
                                     " ORDER BY id LIMIT $5) AS following) "   \
                                     "ELSE $3 - 1 END"                         \
                                     " ORDER BY " row ".id DESC LIMIT $5"

#define DEVICE_COLUMNS                                                         \
    "d.id AS id, d.created_us, d.description, d.address, k.revoked_us"
#define DEVICES "device d JOIN api_key k ON k.id = d.api_key_id"

#define AUDIT_COLUMNS(table)                                                   \
    table "id, " table "at_us, " table "event, " table "actor, " table         \
          "address, " table "user_id, " table "api_key_id, " table             \
          "installation_id, " table "device_id, " table "session_id, " table   \
          "reason, " table "detail, " table "hash"

/* What pruning removes: of before $1, at most $2. Each is found through an
 * index that has these alone, the oldest first. */
#define UNBOUND_KEYS                                                           \
    "SELECT k.id FROM api_key k WHERE k.bound_us IS NULL"                      \
    " AND k.expires_us < $1 AND NOT EXISTS (SELECT 1 FROM device d"            \
    " WHERE d.api_key_id = k.id) ORDER BY k.expires_us LIMIT $2"
#define UNREGISTERED                                                           \
    "SELECT i.id FROM installation i WHERE i.registered_us IS NULL"            \
    " AND i.created_us < $1 AND NOT EXISTS (SELECT 1 FROM device d"            \
    " WHERE d.installation_id = i.id) AND NOT EXISTS (SELECT 1"                \
    " FROM api_key k WHERE k.installation_id = i.id)"                          \
    " ORDER BY i.created_us LIMIT $2"
#define ENDED_SESSIONS                                                         \
    "SELECT s.id FROM session s WHERE s.ended_us IS NOT NULL"                  \
    " AND s.ended_us < $1 ORDER BY s.ended_us LIMIT $2"
/* Of the $3 that may be over. */
#define EXPIRED_SESSIONS                                                       \
    "SELECT s.id FROM (SELECT * FROM session WHERE ended_us IS NULL"           \
    " AND anchored_us < $1 ORDER BY anchored_us LIMIT $3) s"                   \
    " JOIN device d ON d.id = s.device_id"                                     \
    " JOIN api_key k ON k.id = d.api_key_id"                                   \
    " JOIN users u ON u.id = k.user_id"                                        \
    " WHERE s.anchored_us + " LIFE_OF_SESSION " * 1000000 < $1 LIMIT $2"

/* clang-format off */
static const char *const texts[TRIVET_NUM_STATEMENTS] = {
    [TRIVET_SQL_COMMIT] = "COMMIT",
    [TRIVET_SQL_ROLLBACK] = "ROLLBACK",
    [TRIVET_SQL_SAVEPOINT] = "SAVEPOINT member",
    [TRIVET_SQL_ROLLBACK_TO] = "ROLLBACK TO SAVEPOINT member",
    [TRIVET_SQL_RELEASE] = "RELEASE SAVEPOINT member",
    [TRIVET_SQL_SCHEMA_VERSION] = "SELECT version FROM schema_version",

    [TRIVET_SQL_SERVER_KEY_PUT] =
        "INSERT INTO server_key (created_us, public_der) VALUES ($1, $2)"
        " RETURNING id",
    [TRIVET_SQL_SERVER_KEY_FIND] =
        "SELECT id FROM server_key WHERE public_der = $1",
    [TRIVET_SQL_SERVER_KEY_GET] =
        "SELECT " SERVER_KEY_COLUMNS ", 0, 0 FROM server_key y"
        " WHERE y.id = $1",
    [TRIVET_SQL_SERVER_KEY_CLEAR_LOCATION] =
        "UPDATE server_key SET location = NULL"
        " WHERE location = $2 AND id <> $1",
    [TRIVET_SQL_SERVER_KEY_SET_LOCATION] =
        "UPDATE server_key SET location = $2 WHERE id = $1 RETURNING id",
    [TRIVET_SQL_SERVER_KEY_CLEAR_CURRENT] =
        "UPDATE server_key SET is_current = 0 WHERE is_current <> 0",
    [TRIVET_SQL_SERVER_KEY_SET_CURRENT] =
        "UPDATE server_key SET is_current = 1"
        " WHERE id = $1 AND retired_us IS NULL RETURNING id",
    [TRIVET_SQL_SERVER_KEY_RETIRE] =
        "UPDATE server_key SET retired_us = COALESCE(retired_us, $2)"
        " WHERE id = $1 AND is_current = 0 RETURNING id",
    [TRIVET_SQL_SERVER_KEY_DROP] =
        "DELETE FROM server_key WHERE id = $1 AND NOT EXISTS"
        " (SELECT 1 FROM installation i WHERE i.server_key_id = $1)"
        " RETURNING id",
    [TRIVET_SQL_SERVER_KEY_LIST] =
        "SELECT " SERVER_KEY_COLUMNS ","
        " (SELECT COUNT(*) FROM installation i WHERE i.server_key_id = y.id),"
        " (SELECT COUNT(DISTINCT i.id) FROM installation i"
        " JOIN device d ON d.installation_id = i.id"
        " JOIN session s ON s.device_id = d.id"
        " JOIN api_key k ON k.id = d.api_key_id"
        " JOIN users u ON u.id = k.user_id"
        " WHERE i.server_key_id = y.id AND " IS_ALIVE("$1") ")"
        " FROM server_key y ORDER BY y.id",
    /* Every device of every installation that was given the key; one row for
     * an installation without a device. */
    [TRIVET_SQL_SERVER_KEY_USE_LIST] =
        "SELECT i.id, i.created_us, i.address, d.id, d.description, u.id,"
        " u.display_name, (SELECT COUNT(*) FROM session s"
        " WHERE s.device_id = d.id AND " IS_ALIVE("$2") ")"
        " FROM installation i"
        " LEFT JOIN device d ON d.installation_id = i.id"
        " LEFT JOIN api_key k ON k.id = d.api_key_id"
        " LEFT JOIN users u ON u.id = k.user_id"
        " WHERE i.server_key_id = $1 ORDER BY i.id, d.id",

    [TRIVET_SQL_USER_PUT] =
        "INSERT INTO users (created_us, updated_us, kind, public_uuid,"
        " display_name, auto_logout_s) VALUES ($1, $1, $2, $3, $4, $5)"
        " RETURNING id",
    [TRIVET_SQL_USER_GET] =
        "SELECT " USER_COLUMNS " FROM users WHERE id = $1",
    [TRIVET_SQL_USER_FIND] =
        "SELECT " USER_COLUMNS " FROM users WHERE display_name = $1"
        " AND kind <> $2"
        " ORDER BY id",
    [TRIVET_SQL_USER_LIST] =
        "SELECT " USER_COLUMNS " FROM users ORDER BY id",
    [TRIVET_SQL_USER_SET_AUTO_LOGOUT] =
        "UPDATE users SET auto_logout_s = $2, updated_us = $3 WHERE id = $1"
        " RETURNING id",

    [TRIVET_SQL_PSP_FIND] = "SELECT id FROM users WHERE psp_identity = $1",
    /* The common name is a part of the name that the digest is of, and was
     * kept by itself: it shows where that part ended. */
    [TRIVET_SQL_PSP_FIND_BY_SHOWN] =
        "SELECT id FROM users WHERE psp_digest = $1"
        " AND psp_identity IS NULL AND display_name = $2",
    [TRIVET_SQL_PSP_PUT] =
        "UPDATE users SET psp_identity = $2, psp_digest = NULL,"
        " distinguished_name = $3 WHERE id = $1 RETURNING id",

    [TRIVET_SQL_INSTALLATION_SIGNED] =
        "SELECT signed_digest, public_text FROM installation WHERE id = $1",
    [TRIVET_SQL_INSTALLATION_REGISTER] =
        "UPDATE installation SET registered_us = COALESCE(registered_us, $2)"
        " WHERE id = $1 RETURNING id",
    [TRIVET_SQL_INSTALLATION_PUT] =
        "INSERT INTO installation (created_us, public_der, public_text,"
        " signed_digest, address, server_key_id)"
        " VALUES ($1, $2, '', $3, $4, $5) RETURNING id",
    [TRIVET_SQL_INSTALLATION_TOKEN_PUT] =
        "INSERT INTO installation_token (installation_id, digest)"
        " VALUES ($1, $2) RETURNING id",
    [TRIVET_SQL_INSTALLATION_FIND] =
        "SELECT i.id, i.public_der, i.server_key_id, i.address = $2 OR EXISTS"
        " (SELECT 1 FROM device d JOIN api_key k ON k.id = d.api_key_id"
        " WHERE d.installation_id = i.id AND k.revoked_us IS NULL AND "
        PERMITS("k", "$2") "), y.retired_us"
        " FROM installation_token t"
        " JOIN installation i ON i.id = t.installation_id"
        " JOIN server_key y ON y.id = i.server_key_id"
        " WHERE t.digest = $1",
    [TRIVET_SQL_INSTALLATION_NEWEST_KEYS] =
        "SELECT public_der FROM installation WHERE id <> $1"
        " ORDER BY id DESC LIMIT $2",

    [TRIVET_SQL_API_KEY_PUT] =
        "INSERT INTO api_key (created_us, updated_us, user_id, digest, label,"
        " expires_us) VALUES ($1, $1, $2, $3, $4, $5) RETURNING id",
    [TRIVET_SQL_API_KEY_FIND] =
        "SELECT k.id, k.user_id, k.expires_us, k.bound_us, k.revoked_us,"
        " k.allow_all_ips, " PERMITS("k", "$2") ","
        " (SELECT MAX(d.id) FROM device d WHERE d.installation_id = $3"
        " AND d.api_key_id = k.id)"
        " FROM api_key k WHERE k.digest = $1",
    [TRIVET_SQL_API_KEY_ASKED_BY] =
        "UPDATE api_key SET installation_id = $2 WHERE id = $1 RETURNING id",
    [TRIVET_SQL_API_KEY_ASKED] =
        "SELECT k.created_us, k.updated_us, k.expires_us, k.bound_us,"
        " k.revoked_us, d.id, d.description, d.address FROM api_key k"
        " LEFT JOIN device d ON d.id = (SELECT MAX(e.id) FROM device e"
        " WHERE e.api_key_id = k.id)"
        " WHERE k.id = $1 AND k.installation_id = $2",
    [TRIVET_SQL_API_KEY_OPEN_FIRST] =
        "UPDATE api_key SET opened_us = $2"
        " WHERE id = $1 AND opened_us IS NULL RETURNING id",
    [TRIVET_SQL_API_KEY_BIND] =
        "UPDATE api_key SET bound_us = $2, updated_us = $2,"
        " allow_all_ips = CASE WHEN $3 <> 0 THEN 1 ELSE allow_all_ips END"
        " WHERE id = $1 RETURNING id",
    [TRIVET_SQL_API_KEY_REVOKE] =
        "UPDATE api_key SET revoked_us = COALESCE(revoked_us, $2),"
        " updated_us = $2 WHERE id = $1 RETURNING id",
    [TRIVET_SQL_API_KEY_ALLOW_ALL_IPS] =
        "UPDATE api_key SET allow_all_ips = $2, updated_us = $3 WHERE id = $1"
        " RETURNING id",
    [TRIVET_SQL_API_KEY_LIST] =
        "SELECT k.id, k.created_us, k.user_id, u.display_name, k.label,"
        " k.expires_us, k.bound_us, k.revoked_us, k.allow_all_ips"
        " FROM api_key k JOIN users u ON u.id = k.user_id ORDER BY k.id",

    /* With the device that bound it: its first. */
    [TRIVET_SQL_CREDENTIAL_PAGE] =
        PAGE("k", "k.id AS id, k.created_us, k.updated_us, k.expires_us,"
        " k.bound_us, k.revoked_us, d.id AS device_id, d.created_us AS"
        " device_created_us, d.description, d.address",
        "api_key k LEFT JOIN device d ON d.id = (SELECT MIN(f.id)"
        " FROM device f WHERE f.api_key_id = k.id)", "api_key", "user_id"),

    [TRIVET_SQL_PERMITTED_IP_PUT] =
        "INSERT INTO permitted_ip (created_us, updated_us, api_key_id,"
        " address) VALUES ($1, $1, $2, $3) RETURNING id",
    [TRIVET_SQL_PERMITTED_IP_CHECK] =
        "SELECT " PERMITS("k", "$2") " FROM api_key k WHERE k.id = $1",
    [TRIVET_SQL_PERMITTED_IP_SET] =
        "INSERT INTO permitted_ip (created_us, updated_us, api_key_id,"
        " address, is_active) VALUES ($1, $1, $2, $3, $4)"
        " ON CONFLICT (api_key_id, address) DO UPDATE"
        " SET is_active = excluded.is_active, updated_us = excluded.updated_us"
        " RETURNING id",
    [TRIVET_SQL_PERMITTED_IP_COUNT_OTHERS] =
        "SELECT COUNT(*) FROM permitted_ip"
        " WHERE api_key_id = $1 AND address <> $2",
    [TRIVET_SQL_PERMITTED_IP_PAGE] =
        PAGE("p", "p.id AS id, p.created_us, p.updated_us, p.address, p.is_active",
        "permitted_ip p", "permitted_ip", "api_key_id"),
    [TRIVET_SQL_PERMITTED_IP_LIST] =
        "SELECT address FROM permitted_ip WHERE api_key_id = $1"
        " AND is_active <> 0 ORDER BY id",

    [TRIVET_SQL_DEVICE_PUT] =
        "INSERT INTO device (created_us, installation_id, api_key_id,"
        " description, address, user_id) VALUES ($1, $2, $3, $4, $5,"
        " (SELECT user_id FROM api_key WHERE id = $3)) RETURNING id",
    /* $1 installation, $2 API key, $3 and $4 at most so many of each. */
    [TRIVET_SQL_DEVICE_COUNT] =
        "SELECT (SELECT COUNT(*) FROM (SELECT d.id FROM device d"
        " WHERE d.installation_id = $1 LIMIT $3) AS own),"
        " (SELECT COUNT(*) FROM (SELECT d.id FROM device d"
        " WHERE d.api_key_id = $2 LIMIT $4) AS same)",
    [TRIVET_SQL_DEVICE_LIST] =
        "SELECT d.id, d.created_us, d.installation_id, d.api_key_id,"
        " k.user_id, d.description, d.address"
        " FROM device d JOIN api_key k ON k.id = d.api_key_id ORDER BY d.id",

    [TRIVET_SQL_DEVICE_PAGE_OF_USER] =
        PAGE("d", DEVICE_COLUMNS, DEVICES, "device", "user_id"),
    [TRIVET_SQL_DEVICE_PAGE_OF_INSTALLATION] =
        PAGE("d", DEVICE_COLUMNS, DEVICES, "device", "installation_id"),

    [TRIVET_SQL_SESSION_PUT] =
        "INSERT INTO session (created_us, anchored_us, digest, device_id)"
        " VALUES ($1, $1, $2, $3) RETURNING id",
    /* The one look-up of every protected call. */
    [TRIVET_SQL_SESSION_FIND] =
        "SELECT s.id, s.anchored_us, s.ended_us, " LIFE_OF_SESSION ", d.id,"
        " d.installation_id, k.id, k.user_id, k.revoked_us, i.public_der,"
        " i.server_key_id, " PERMITS("k", "$2") ", y.retired_us"
        " FROM session s"
        " JOIN device d ON d.id = s.device_id"
        " JOIN api_key k ON k.id = d.api_key_id"
        " JOIN users u ON u.id = k.user_id"
        " JOIN installation i ON i.id = d.installation_id"
        " JOIN server_key y ON y.id = i.server_key_id"
        " WHERE s.digest = $1",
    /* IS_ALIVE in two parts, each found by the index: sessions with the user's
     * life, of which the newest counts, and the few with their own. */
    [TRIVET_SQL_SESSION_IS_ALIVE] =
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM device d"
        " JOIN api_key k ON k.id = d.api_key_id"
        " JOIN users u ON u.id = k.user_id"
        " WHERE d.installation_id = $1 AND k.revoked_us IS NULL AND ("
        "EXISTS (SELECT 1 FROM session s WHERE s.device_id = d.id"
        " AND s.ended_us IS NULL AND s.timeout_s IS NULL"
        " AND s.anchored_us > $2 - u.auto_logout_s * 1000000)"
        " OR EXISTS (SELECT 1 FROM session s WHERE s.device_id = d.id"
        " AND s.ended_us IS NULL AND s.timeout_s > 0"
        " AND s.anchored_us > $2 - s.timeout_s * 1000000)))"
        " THEN 1 ELSE 0 END",
    [TRIVET_SQL_SESSION_SET_TIMEOUT] =
        "UPDATE session SET timeout_s = $2 WHERE id = $1 RETURNING id",
    [TRIVET_SQL_SESSION_EXTEND] =
        "UPDATE session SET anchored_us = $2"
        " WHERE id = $1 AND anchored_us < $2 AND ended_us IS NULL"
        " RETURNING id",
    [TRIVET_SQL_SESSION_END] =
        "UPDATE session SET ended_us = COALESCE(ended_us, $2) WHERE id = $1"
        " RETURNING id",
    /* $1 user, $2 now: those that are over by the auto-logout time as it is. */
    [TRIVET_SQL_SESSION_END_EXPIRED] =
        "UPDATE session SET ended_us = $2 WHERE ended_us IS NULL"
        " AND device_id IN (SELECT d.id FROM device d"
        " JOIN api_key k ON k.id = d.api_key_id WHERE k.user_id = $1)"
        " AND anchored_us + COALESCE(timeout_s, (SELECT auto_logout_s"
        " FROM users WHERE id = $1)) * 1000000 <= $2",
    [TRIVET_SQL_SESSION_LIST] =
        "SELECT s.id, s.created_us, s.anchored_us, s.ended_us,"
        " " LIFE_OF_SESSION ", s.device_id, k.id, k.user_id, u.display_name,"
        " k.revoked_us"
        " FROM session s"
        " JOIN device d ON d.id = s.device_id"
        " JOIN api_key k ON k.id = d.api_key_id"
        " JOIN users u ON u.id = k.user_id ORDER BY s.id",

    /* Rows that are looked at are bounded, whatever became of them. */
    [TRIVET_SQL_SESSION_COUNT_ALIVE] =
        "SELECT COUNT(*) FROM (SELECT * FROM session"
        " WHERE ended_us IS NULL AND anchored_us > $1"
        " ORDER BY anchored_us DESC LIMIT $2) s"
        " JOIN device d ON d.id = s.device_id"
        " JOIN api_key k ON k.id = d.api_key_id"
        " JOIN users u ON u.id = k.user_id WHERE " IS_ALIVE("$3"),

    [TRIVET_SQL_CLOCK_GET] = "SELECT epoch, latest_us FROM clock WHERE id = 1",
    [TRIVET_SQL_CLOCK_NOTE] =
        "UPDATE clock SET latest_us = $2"
        " WHERE id = 1 AND epoch = $1 AND latest_us < $2",
    [TRIVET_SQL_CLOCK_ACCEPT] =
        "UPDATE clock SET latest_us = $1, epoch = epoch + 1 WHERE id = 1",
    [TRIVET_SQL_CLOCK_ANCHOR_SESSIONS] =
        "UPDATE session SET anchored_us = $1"
        " WHERE ended_us IS NULL AND anchored_us > $1",
    [TRIVET_SQL_CLOCK_EXPIRE_KEYS] =
        "UPDATE api_key SET expires_us = $1 + expires_us - created_us"
        " WHERE bound_us IS NULL AND created_us > $1",

    [TRIVET_SQL_AUDIT_TAKE] =
        "UPDATE audit_head SET num_rows = num_rows WHERE id = 1"
        " RETURNING num_rows, last_hash",
    [TRIVET_SQL_AUDIT_PUT] =
        "INSERT INTO audit (" AUDIT_COLUMNS("") ") VALUES"
        " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    [TRIVET_SQL_AUDIT_LINK] =
        "UPDATE audit_head SET num_rows = $1, last_hash = $2 WHERE id = 1",
    [TRIVET_SQL_AUDIT_LIST] =
        "SELECT " AUDIT_COLUMNS("") " FROM audit WHERE id > $1 ORDER BY id",
    [TRIVET_SQL_AUDIT_WALK] =
        "SELECT " AUDIT_COLUMNS("a.") ", h.num_rows, h.last_hash"
        " FROM audit_head h LEFT JOIN audit a ON a.id IS NOT NULL"
        " WHERE h.id = 1 ORDER BY a.id",

    [TRIVET_SQL_PRUNE_PERMITTED_IPS] =
        "DELETE FROM permitted_ip WHERE api_key_id IN (" UNBOUND_KEYS ")",
    [TRIVET_SQL_PRUNE_API_KEYS] =
        "DELETE FROM api_key WHERE id IN (" UNBOUND_KEYS ") RETURNING id",
    [TRIVET_SQL_PRUNE_INSTALLATION_TOKENS] =
        "DELETE FROM installation_token"
        " WHERE installation_id IN (" UNREGISTERED ")",
    [TRIVET_SQL_PRUNE_INSTALLATIONS] =
        "DELETE FROM installation WHERE id IN (" UNREGISTERED ") RETURNING id",
    [TRIVET_SQL_PRUNE_SESSIONS_ENDED] =
        "DELETE FROM session WHERE id IN (" ENDED_SESSIONS ") RETURNING id",
    [TRIVET_SQL_PRUNE_SESSIONS_EXPIRED] =
        "DELETE FROM session WHERE id IN (" EXPIRED_SESSIONS ") RETURNING id",
    [TRIVET_SQL_PRUNE_COUNT_API_KEYS] =
        "SELECT COUNT(*) FROM (" UNBOUND_KEYS ") AS found",
    [TRIVET_SQL_PRUNE_COUNT_INSTALLATIONS] =
        "SELECT COUNT(*) FROM (" UNREGISTERED ") AS found",
    [TRIVET_SQL_PRUNE_COUNT_SESSIONS_ENDED] =
        "SELECT COUNT(*) FROM (" ENDED_SESSIONS ") AS found",
    [TRIVET_SQL_PRUNE_COUNT_SESSIONS_EXPIRED] =
        "SELECT COUNT(*) FROM (" EXPIRED_SESSIONS ") AS found",
};
/* clang-format on */

const char *
trivet_statement_sql(enum trivet_statement statement)
{
    return texts[statement];
}
