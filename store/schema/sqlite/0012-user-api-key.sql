-- SPDX-License-Identifier: Apache-2.0
-- Users that stand for an access by OAuth: who asked for it, and who granted
-- it. Of other users both are NULL.

ALTER TABLE users ADD COLUMN requested_by INTEGER REFERENCES users (id);
ALTER TABLE users ADD COLUMN granted_by INTEGER REFERENCES users (id);

CREATE INDEX users_by_requester ON users (requested_by)
    WHERE requested_by IS NOT NULL;
CREATE INDEX users_by_granter ON users (granted_by)
    WHERE granted_by IS NOT NULL;
