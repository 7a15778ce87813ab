-- SPDX-License-Identifier: Apache-2.0
-- A page of a list is read in the order of an index, and no more than the page.
-- user_id of a device: its API key's, which never changes.

ALTER TABLE device ADD COLUMN user_id INTEGER REFERENCES users (id);
UPDATE device SET user_id =
    (SELECT k.user_id FROM api_key k WHERE k.id = device.api_key_id);

CREATE INDEX device_page_of_user ON device (user_id);
CREATE INDEX device_page_of_installation ON device (installation_id);
CREATE INDEX permitted_ip_page ON permitted_ip (api_key_id);
CREATE INDEX users_by_name ON users (display_name);
