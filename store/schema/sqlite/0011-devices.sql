-- SPDX-License-Identifier: Apache-2.0
-- Whether a device has a session that is alive is seen at once, however many it
-- had: those of a life of their own are few, of the others the newest counts.

CREATE INDEX session_open_by_device
    ON session (device_id, timeout_s, anchored_us) WHERE ended_us IS NULL;
