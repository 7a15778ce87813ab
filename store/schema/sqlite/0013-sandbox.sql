-- SPDX-License-Identifier: Apache-2.0
-- Whether a sandbox used this store: anybody could open sessions in it then. It
-- stays so until they have been ended (trivet serve --upstream does it).

CREATE TABLE sandbox (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    was  INTEGER NOT NULL CHECK (was IN (0, 1))
) STRICT;
INSERT INTO sandbox (id, was) VALUES (1, 0);
