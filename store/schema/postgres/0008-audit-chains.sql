-- SPDX-License-Identifier: Apache-2.0
-- A chain of audit rows for each gateway, so that they do not wait for each
-- other (as SQLite's 0016), and rows of users that keep their order instead.

ALTER TABLE audit ADD COLUMN chain TEXT COLLATE "C" NOT NULL DEFAULT 'main';
ALTER TABLE audit ALTER COLUMN chain DROP DEFAULT;
ALTER TABLE audit DROP CONSTRAINT audit_pkey;
ALTER TABLE audit ADD PRIMARY KEY (chain, id);

ALTER TABLE audit_head ADD COLUMN chain TEXT COLLATE "C" NOT NULL
    DEFAULT 'main';
ALTER TABLE audit_head ALTER COLUMN chain DROP DEFAULT;
ALTER TABLE audit_head DROP COLUMN id;
ALTER TABLE audit_head ADD PRIMARY KEY (chain);

CREATE TABLE audit_checkpoint (
    id             BIGINT PRIMARY KEY,
    at_us          BIGINT NOT NULL,
    server_key_id  BIGINT NOT NULL REFERENCES server_key (id),
    hash           BYTEA  NOT NULL,
    signature      BYTEA  NOT NULL
);
CREATE INDEX audit_checkpoint_by_server_key
    ON audit_checkpoint (server_key_id);

CREATE TABLE audit_checkpoint_head (
    checkpoint_id  BIGINT NOT NULL REFERENCES audit_checkpoint (id),
    chain          TEXT   COLLATE "C" NOT NULL,
    num_rows       BIGINT NOT NULL,
    last_hash      BYTEA  NOT NULL,
    PRIMARY KEY (checkpoint_id, chain),
    UNIQUE (chain, num_rows)
);

CREATE TABLE audit_checkpoint_end (
    id         BIGINT PRIMARY KEY CHECK (id = 1),
    num        BIGINT NOT NULL,
    at_us      BIGINT NOT NULL,
    last_hash  BYTEA  NOT NULL CHECK (length(last_hash) = 32)
) WITH (fillfactor = 10);
INSERT INTO audit_checkpoint_end (id, num, at_us, last_hash)
    VALUES (1, 0, 0, decode(repeat('00', 32), 'hex'));

-- Two changes at once, of which each makes another row of admission right,
-- would not see each other. They wait for each other by the row of the user
-- whose sessions they are about: trivet's own take it first (store/noun/hold.h),
-- these triggers for all others.
DROP TRIGGER admission_turn ON session;
DROP TRIGGER admission_turn ON device;
DROP TRIGGER admission_turn ON api_key;
DROP TRIGGER admission_turn ON permitted_ip;
DROP TRIGGER admission_turn ON users;
DROP FUNCTION admission_turn();

-- Of the API keys with these ids; NULL is none.
CREATE FUNCTION admission_hold(one BIGINT, two BIGINT) RETURNS VOID
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM users u WHERE u.id IN
        (SELECT k.user_id FROM api_key k WHERE k.id IN (one, two))
        ORDER BY u.id FOR NO KEY UPDATE;
END $$;

CREATE FUNCTION admission_hold_of_session() RETURNS TRIGGER
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM admission_hold(
        (SELECT d.api_key_id FROM device d WHERE d.id = OLD.device_id),
        (SELECT d.api_key_id FROM device d WHERE d.id = NEW.device_id));
    RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER admission_hold BEFORE INSERT OR UPDATE OR DELETE ON session
    FOR EACH ROW EXECUTE FUNCTION admission_hold_of_session();

CREATE FUNCTION admission_hold_of_part() RETURNS TRIGGER
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM admission_hold(OLD.api_key_id, NEW.api_key_id);
    RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER admission_hold BEFORE UPDATE OR DELETE ON device
    FOR EACH ROW EXECUTE FUNCTION admission_hold_of_part();
CREATE TRIGGER admission_hold BEFORE INSERT OR UPDATE OR DELETE
    ON permitted_ip
    FOR EACH ROW EXECUTE FUNCTION admission_hold_of_part();

CREATE FUNCTION admission_hold_of_key() RETURNS TRIGGER
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM users u WHERE u.id IN (OLD.user_id, NEW.user_id)
        ORDER BY u.id FOR NO KEY UPDATE;
    RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER admission_hold BEFORE UPDATE OF id, user_id, revoked_us,
    allow_all_ips OR DELETE ON api_key
    FOR EACH ROW EXECUTE FUNCTION admission_hold_of_key();
