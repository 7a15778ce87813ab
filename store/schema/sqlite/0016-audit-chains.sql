-- SPDX-License-Identifier: Apache-2.0
-- The audit log is a chain for each gateway (here mostly one, main), each with
-- ids from 1. Its first row's hash covers 32 zeroes in main, the digest of the
-- chain's name in others. The key's columns come first: SQLite 3.40 takes others
-- for NULL when it checks a table of another order.

CREATE TABLE audit_by_chain (
    chain            TEXT    NOT NULL,
    id               INTEGER NOT NULL,
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
    hash             BLOB    NOT NULL,
    PRIMARY KEY (chain, id)
) STRICT, WITHOUT ROWID;
INSERT INTO audit_by_chain SELECT 'main', * FROM audit ORDER BY id;
DROP TABLE audit;
ALTER TABLE audit_by_chain RENAME TO audit;

CREATE TABLE audit_head_by_chain (
    chain      TEXT    NOT NULL PRIMARY KEY,
    num_rows   INTEGER NOT NULL,
    last_hash  BLOB    NOT NULL CHECK (length(last_hash) = 32)
) STRICT, WITHOUT ROWID;
INSERT INTO audit_head_by_chain SELECT 'main', num_rows, last_hash
    FROM audit_head;
DROP TABLE audit_head;
ALTER TABLE audit_head_by_chain RENAME TO audit_head;

-- The heads together, at some time, signed with a server key. hash covers the
-- hash of the checkpoint before it, and the heads (store/noun/checkpoint.h has
-- the exact bytes). Ids are dense, from 1.
CREATE TABLE audit_checkpoint (
    id             INTEGER PRIMARY KEY,
    at_us          INTEGER NOT NULL,
    server_key_id  INTEGER NOT NULL REFERENCES server_key (id),
    hash           BLOB    NOT NULL,
    signature      BLOB    NOT NULL
) STRICT;
CREATE INDEX audit_checkpoint_by_server_key
    ON audit_checkpoint (server_key_id);

-- The heads that had moved since the checkpoint before.
CREATE TABLE audit_checkpoint_head (
    checkpoint_id  INTEGER NOT NULL REFERENCES audit_checkpoint (id),
    chain          TEXT    NOT NULL,
    num_rows       INTEGER NOT NULL,
    last_hash      BLOB    NOT NULL,
    PRIMARY KEY (checkpoint_id, chain),
    UNIQUE (chain, num_rows)
) STRICT, WITHOUT ROWID;

-- How many checkpoints there are, kept apart, so that a missing end is seen.
CREATE TABLE audit_checkpoint_end (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    num        INTEGER NOT NULL,
    at_us      INTEGER NOT NULL,
    last_hash  BLOB    NOT NULL CHECK (length(last_hash) = 32)
) STRICT;
INSERT INTO audit_checkpoint_end (id, num, at_us, last_hash)
    VALUES (1, 0, 0, zeroblob(32));
