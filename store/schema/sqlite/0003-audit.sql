-- SPDX-License-Identifier: Apache-2.0
-- What happened, as a chain: each row's hash covers the hash of the row before
-- it (store/noun/audit.h has the exact bytes). Ids are dense, from 1. What is not
-- known is 0 or empty, never NULL, so that each row has one canonical form.

CREATE TABLE audit (
    id               INTEGER PRIMARY KEY,
    at_us            INTEGER NOT NULL,
    event            TEXT    NOT NULL,
    actor            TEXT    NOT NULL,
    address          BLOB    NOT NULL,
    user_id          INTEGER NOT NULL,
    api_key_id       INTEGER NOT NULL,
    installation_id  INTEGER NOT NULL,
    device_id        INTEGER NOT NULL,
    session_id       INTEGER NOT NULL,
    reason           TEXT    NOT NULL,
    detail           TEXT    NOT NULL,
    hash             BLOB    NOT NULL
) STRICT;

-- The end of the chain, kept apart, so that a cut tail is seen.
CREATE TABLE audit_head (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    num_rows   INTEGER NOT NULL,
    last_hash  BLOB    NOT NULL CHECK (length(last_hash) = 32)
) STRICT;
INSERT INTO audit_head (id, num_rows, last_hash) VALUES (1, 0, zeroblob(32));
