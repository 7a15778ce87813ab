-- SPDX-License-Identifier: Apache-2.0
-- The sessions that may be alive, newest first, to be counted.
CREATE INDEX session_by_anchor ON session (anchored_us) WHERE ended_us IS NULL;
