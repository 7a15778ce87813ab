-- SPDX-License-Identifier: Apache-2.0
-- A payment service provider is known by its certificate's subject and issuer,
-- not by how its name is shown. psp_digest is of the shown name: it tells users
-- that were made before (psp_identity is NULL) until they come again.

ALTER TABLE users ADD COLUMN psp_identity BLOB;
CREATE UNIQUE INDEX users_by_psp_identity ON users (psp_identity);
