-- SPDX-License-Identifier: Apache-2.0
-- The audit log, and the tables of one row.

CREATE TABLE audit (
    id               BIGINT PRIMARY KEY,
    at_us            BIGINT NOT NULL,
    event            TEXT   NOT NULL,
    actor            TEXT   NOT NULL,
    address          BYTEA  NOT NULL,
    user_id          BIGINT NOT NULL,
    api_key_id       BIGINT NOT NULL,
    installation_id  BIGINT NOT NULL,
    device_id        BIGINT NOT NULL,
    session_id       BIGINT NOT NULL,
    reason           TEXT   NOT NULL,
    detail           TEXT   NOT NULL,
    hash             BYTEA  NOT NULL
);

-- The end of the chain. Its row is what all that writes waits for.
CREATE TABLE audit_head (
    id         BIGINT PRIMARY KEY CHECK (id = 1),
    num_rows   BIGINT NOT NULL,
    last_hash  BYTEA  NOT NULL CHECK (length(last_hash) = 32)
) WITH (fillfactor = 10);
INSERT INTO audit_head (id, num_rows, last_hash)
    VALUES (1, 0, decode(repeat('00', 32), 'hex'));

CREATE TABLE clock (
    id         BIGINT PRIMARY KEY CHECK (id = 1),
    epoch      BIGINT NOT NULL,
    latest_us  BIGINT NOT NULL
) WITH (fillfactor = 10);
INSERT INTO clock (id, epoch, latest_us) VALUES (1, 0, 0);

CREATE TABLE sandbox (
    id   BIGINT PRIMARY KEY CHECK (id = 1),
    was  BIGINT NOT NULL CHECK (was IN (0, 1))
);
INSERT INTO sandbox (id, was) VALUES (1, 0);
