-- SPDX-License-Identifier: Apache-2.0
-- The devices of a user are listed page by page: found through their API keys.

CREATE INDEX device_by_api_key ON device (api_key_id);
