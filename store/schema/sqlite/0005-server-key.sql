-- SPDX-License-Identifier: Apache-2.0
-- Server keys rotate. location: where the key is found, a path (in the data
-- directory when it is not absolute) or a URI; NULL: a configuration brought
-- it. One key at most is given to new installations; a retired one serves
-- nobody.

ALTER TABLE server_key ADD COLUMN location TEXT;
ALTER TABLE server_key ADD COLUMN is_current INTEGER NOT NULL DEFAULT 0;
ALTER TABLE server_key ADD COLUMN retired_us INTEGER;

CREATE INDEX installation_by_server_key ON installation (server_key_id);
