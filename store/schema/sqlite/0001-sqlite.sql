-- SPDX-License-Identifier: Apache-2.0
-- The first schema. Times are microseconds since 1970 UTC, addresses sixteen
-- bytes, digests SHA-256; AUTOINCREMENT so that an id is never used again.

CREATE TABLE server_key (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    created_us  INTEGER NOT NULL,
    public_der  BLOB    NOT NULL UNIQUE
) STRICT;

CREATE TABLE users (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    created_us     INTEGER NOT NULL,
    updated_us     INTEGER NOT NULL,
    kind           INTEGER NOT NULL,
    public_uuid    TEXT    NOT NULL UNIQUE,
    display_name   TEXT    NOT NULL,
    auto_logout_s  INTEGER NOT NULL CHECK (auto_logout_s > 0)
) STRICT;

-- The key that the client made, as DER to verify with and as the exact text
-- that was received, and the address that the installation was made from.
CREATE TABLE installation (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    created_us     INTEGER NOT NULL,
    public_der     BLOB    NOT NULL,
    public_text    TEXT    NOT NULL,
    address        BLOB    NOT NULL,
    server_key_id  INTEGER NOT NULL REFERENCES server_key (id)
) STRICT;

CREATE TABLE installation_token (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    installation_id  INTEGER NOT NULL REFERENCES installation (id),
    digest           BLOB    NOT NULL UNIQUE
) STRICT;

-- An installation and its token have numbers of their own; they must not be
-- taken for one another just because both began at 1.
INSERT INTO sqlite_sequence (name, seq) VALUES ('installation_token', 10000);

-- A credential. Before it is bound to a device it expires; after, it is valid
-- until it is revoked.
CREATE TABLE api_key (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    created_us     INTEGER NOT NULL,
    updated_us     INTEGER NOT NULL,
    user_id        INTEGER NOT NULL REFERENCES users (id),
    digest         BLOB    NOT NULL UNIQUE,
    label          TEXT    NOT NULL,
    expires_us     INTEGER NOT NULL,
    bound_us       INTEGER,
    revoked_us     INTEGER,
    allow_all_ips  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX api_key_by_user ON api_key (user_id);

CREATE TABLE permitted_ip (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    created_us  INTEGER NOT NULL,
    updated_us  INTEGER NOT NULL,
    api_key_id  INTEGER NOT NULL REFERENCES api_key (id),
    address     BLOB    NOT NULL,
    is_active   INTEGER NOT NULL DEFAULT 1,
    UNIQUE (api_key_id, address)
) STRICT;

CREATE TABLE device (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    created_us       INTEGER NOT NULL,
    installation_id  INTEGER NOT NULL REFERENCES installation (id),
    api_key_id       INTEGER NOT NULL REFERENCES api_key (id),
    description      TEXT    NOT NULL,
    address          BLOB    NOT NULL
) STRICT;
CREATE INDEX device_by_installation ON device (installation_id, api_key_id);

-- anchored_us: when the session's present life began (core/expiry.h).
CREATE TABLE session (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    created_us   INTEGER NOT NULL,
    anchored_us  INTEGER NOT NULL,
    ended_us     INTEGER,
    digest       BLOB    NOT NULL UNIQUE,
    device_id    INTEGER NOT NULL REFERENCES device (id)
) STRICT;
CREATE INDEX session_by_device ON session (device_id);
