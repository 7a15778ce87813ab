-- SPDX-License-Identifier: Apache-2.0
-- What holds once among all gateways; rows are removed after a while, by
-- at_us, which is the database's own time.

-- When an address, or an installation, may open a session again. who: a digest
-- of which of them it is. free_us is by the gateways' time, that of a sandbox
-- among them.
CREATE TABLE session_turn (
    who      BYTEA  NOT NULL PRIMARY KEY,
    free_us  BIGINT NOT NULL,
    at_us    BIGINT NOT NULL
        DEFAULT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT
);
CREATE INDEX session_turn_by_time ON session_turn (at_us);

-- The ids that devices gave to their requests (request-id=per-device), by a
-- digest of both.
CREATE TABLE request_id (
    digest  BYTEA  NOT NULL PRIMARY KEY,
    at_us   BIGINT NOT NULL
        DEFAULT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT
);
CREATE INDEX request_id_by_time ON request_id (at_us);
