-- SPDX-License-Identifier: Apache-2.0
-- What an admission needs to know of a session, in one row (as SQLite's 0014
-- and 0015): admissible says what it must be, the triggers keep admission the
-- same, in the transaction of the change, whoever makes it.

CREATE VIEW admissible AS
SELECT s.digest AS digest, s.id AS session_id, s.anchored_us AS anchored_us,
    COALESCE(s.timeout_s, u.auto_logout_s) AS timeout_s,
    d.id AS device_id, d.installation_id AS installation_id,
    k.id AS api_key_id, k.user_id AS user_id,
    CASE WHEN k.allow_all_ips <> 0 THEN 1::BIGINT ELSE 0::BIGINT END
        AS allow_all_ips,
    CASE WHEN k.allow_all_ips <> 0 THEN ''::BYTEA ELSE COALESCE(
        (SELECT string_agg(p.address, ''::BYTEA ORDER BY p.id) FROM
            (SELECT id, address FROM permitted_ip WHERE api_key_id = k.id
             AND is_active <> 0 AND length(address) = 16
             ORDER BY id LIMIT 8) AS p), ''::BYTEA) END AS addresses
FROM session s JOIN device d ON d.id = s.device_id
    JOIN api_key k ON k.id = d.api_key_id
    JOIN users u ON u.id = k.user_id
WHERE s.ended_us IS NULL AND k.revoked_us IS NULL;

CREATE TABLE admission (
    digest           BYTEA  NOT NULL PRIMARY KEY,
    session_id       BIGINT NOT NULL,
    anchored_us      BIGINT NOT NULL,
    timeout_s        BIGINT NOT NULL,
    device_id        BIGINT NOT NULL,
    installation_id  BIGINT NOT NULL,
    api_key_id       BIGINT NOT NULL,
    user_id          BIGINT NOT NULL,
    allow_all_ips    BIGINT NOT NULL,
    addresses        BYTEA  NOT NULL
);
