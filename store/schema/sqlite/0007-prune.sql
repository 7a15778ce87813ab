-- SPDX-License-Identifier: Apache-2.0
-- What nobody uses any more is removed, the oldest first (store/noun/prune.h).
--
-- signed_digest: of what a payment service provider signs, the key's text and
-- the installation's token; the text itself is not kept. Installations of
-- before have the text and no digest: their tokens are not known.
-- registered_us: of the first device; NULL: there was none.
-- opened_us: of the first session of a provider's API key.

ALTER TABLE installation ADD COLUMN signed_digest BLOB;
ALTER TABLE installation ADD COLUMN registered_us INTEGER;
ALTER TABLE api_key ADD COLUMN opened_us INTEGER;

UPDATE installation SET registered_us = (SELECT MIN(d.created_us)
    FROM device d WHERE d.installation_id = installation.id);
UPDATE installation SET public_text =
    TRIM(public_text, ' ' || char(9) || char(10) || char(13));
UPDATE api_key SET opened_us = (SELECT MIN(s.created_us) FROM device d
    JOIN session s ON s.device_id = d.id WHERE d.api_key_id = api_key.id)
    WHERE installation_id IS NOT NULL;

CREATE INDEX installation_unregistered ON installation (created_us)
    WHERE registered_us IS NULL;
CREATE INDEX api_key_unbound ON api_key (expires_us) WHERE bound_us IS NULL;
CREATE INDEX session_by_end ON session (ended_us) WHERE ended_us IS NOT NULL;

-- Whoever is removed must not be named by these.
CREATE INDEX installation_token_by_installation
    ON installation_token (installation_id);
CREATE INDEX api_key_by_installation ON api_key (installation_id)
    WHERE installation_id IS NOT NULL;
