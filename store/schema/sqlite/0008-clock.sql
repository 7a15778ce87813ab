-- SPDX-License-Identifier: Apache-2.0
-- The latest time that was seen with this store, by the machine's clock, so that
-- what had ended stays ended when it goes back. epoch counts how often an operator
-- accepted an earlier time: what was seen before that does not count any more.

CREATE TABLE clock (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    epoch      INTEGER NOT NULL,
    latest_us  INTEGER NOT NULL
) STRICT;
INSERT INTO clock (id, epoch, latest_us) VALUES (1, 0, 0);
