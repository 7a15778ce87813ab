/* SPDX-License-Identifier: Apache-2.0 */
/* audit_hash.h - the columns of the audit log, and the bytes that its hashes
 * cover (store/noun/audit.h has them): for its own files */
#ifndef TRIVET_STORE_NOUN_AUDIT_HASH_H
#define TRIVET_STORE_NOUN_AUDIT_HASH_H

#include "crypto/digest.h"
#include "store/driver.h"

#define TRIVET_AUDIT_COLUMNS                                                   \
    "id, at_us, event, actor, address, user_id, api_key_id, installation_id,"  \
    " device_id, session_id, reason, detail, hash"

/* The names of all chains that have rows, each by one step in the index. */
#define TRIVET_AUDIT_CHAINS                                                    \
    "WITH RECURSIVE of_rows (chain) AS (SELECT MIN(chain) FROM audit"          \
    " UNION ALL SELECT (SELECT MIN(a.chain) FROM audit a"                      \
    " WHERE a.chain > of_rows.chain) FROM of_rows"                             \
    " WHERE of_rows.chain IS NOT NULL) "

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
    NUM_AUDIT_COLUMNS,
    NUM_HASHED = COLUMN_HASH
};

/* Of a value as it goes in or as it comes out: nothing is cut or converted on
 * the way, so whatever differs in the table differs here. */
void trivet_audit_add(
    struct trivet_digest *digest, const struct trivet_value *value);

TRIVET_MUST_USE enum trivet_status trivet_audit_hash_row(
    struct trivet_digest *digest, const unsigned char before[TRIVET_DIGEST_LEN],
    const struct trivet_value *values, unsigned char out[TRIVET_DIGEST_LEN]);

#endif
