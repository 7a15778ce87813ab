-- SPDX-License-Identifier: Apache-2.0
-- What an admission needs to know of a session, in one row that is found by the
-- digest of its token. admissible says what it must be, from the tables
-- themselves; the triggers keep admission the same as admissible, in the
-- transaction of the change, whoever makes it (docs/design/store.md).
--
-- Only sessions that may be admitted have a row. addresses: the first eight
-- active ones of the API key, sixteen bytes each, one behind the other; empty
-- when every address is permitted, or none.

CREATE VIEW admissible AS
SELECT s.digest AS digest, s.id AS session_id, s.anchored_us AS anchored_us,
    COALESCE(s.timeout_s, u.auto_logout_s) AS timeout_s,
    d.id AS device_id, d.installation_id AS installation_id,
    k.id AS api_key_id, k.user_id AS user_id,
    k.allow_all_ips <> 0 AS allow_all_ips,
    CASE WHEN k.allow_all_ips <> 0 THEN x'' ELSE COALESCE(
        (SELECT CAST(group_concat(p.address, '') AS BLOB) FROM
            (SELECT address FROM permitted_ip WHERE api_key_id = k.id
             AND is_active <> 0 AND length(address) = 16
             ORDER BY id LIMIT 8) AS p), x'') END AS addresses
FROM session s JOIN device d ON d.id = s.device_id
    JOIN api_key k ON k.id = d.api_key_id
    JOIN users u ON u.id = k.user_id
WHERE s.ended_us IS NULL AND k.revoked_us IS NULL;

CREATE TABLE admission (
    digest           BLOB    NOT NULL PRIMARY KEY,
    session_id       INTEGER NOT NULL,
    anchored_us      INTEGER NOT NULL,
    timeout_s        INTEGER NOT NULL,
    device_id        INTEGER NOT NULL,
    installation_id  INTEGER NOT NULL,
    api_key_id       INTEGER NOT NULL,
    user_id          INTEGER NOT NULL,
    allow_all_ips    INTEGER NOT NULL,
    addresses        BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO admission SELECT * FROM admissible ORDER BY digest;
