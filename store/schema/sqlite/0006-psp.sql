-- SPDX-License-Identifier: Apache-2.0
-- Payment service providers: users by a certificate. psp_digest tells one from
-- another. An API key knows the installation that asked for it (others: NULL),
-- a session may have a life of its own (others: NULL, the user's).

ALTER TABLE users ADD COLUMN distinguished_name TEXT;
ALTER TABLE users ADD COLUMN psp_digest BLOB;
CREATE UNIQUE INDEX users_by_psp ON users (psp_digest);

ALTER TABLE api_key ADD COLUMN installation_id INTEGER
    REFERENCES installation (id);

ALTER TABLE session ADD COLUMN timeout_s INTEGER;
