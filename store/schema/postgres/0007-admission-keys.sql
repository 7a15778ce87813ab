-- SPDX-License-Identifier: Apache-2.0
-- As 0006, of what many sessions have in common.

-- Of the API keys with these ids; NULL is none.
CREATE FUNCTION admission_renew(one BIGINT, two BIGINT) RETURNS VOID
    LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM admission WHERE digest IN (SELECT s.digest FROM device d
        JOIN session s ON s.device_id = d.id
        WHERE d.api_key_id IN (one, two) AND s.ended_us IS NULL);
    INSERT INTO admission SELECT * FROM admissible
        WHERE api_key_id IN (one, two);
END $$;

-- A key is bound again for each of its devices: nothing to do then.
CREATE FUNCTION admission_key() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.id <> NEW.id OR OLD.user_id <> NEW.user_id
        OR (OLD.revoked_us IS NULL) <> (NEW.revoked_us IS NULL)
        OR (OLD.allow_all_ips <> 0) <> (NEW.allow_all_ips <> 0) THEN
        PERFORM admission_renew(OLD.id, NEW.id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER admission_key AFTER UPDATE OR DELETE ON api_key
    FOR EACH ROW EXECUTE FUNCTION admission_key();

CREATE FUNCTION admission_ip() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD.id <> NEW.id OR OLD.api_key_id <> NEW.api_key_id
        OR OLD.address <> NEW.address
        OR (OLD.is_active <> 0) <> (NEW.is_active <> 0) THEN
        PERFORM admission_renew(OLD.api_key_id, NEW.api_key_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER admission_ip AFTER INSERT OR UPDATE OR DELETE ON permitted_ip
    FOR EACH ROW EXECUTE FUNCTION admission_ip();

CREATE FUNCTION admission_user() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.id <> NEW.id
        OR OLD.auto_logout_s <> NEW.auto_logout_s THEN
        DELETE FROM admission WHERE digest IN (SELECT s.digest FROM api_key k
            JOIN device d ON d.api_key_id = k.id
            JOIN session s ON s.device_id = d.id
            WHERE k.user_id IN (OLD.id, NEW.id) AND s.ended_us IS NULL);
        INSERT INTO admission SELECT * FROM admissible WHERE user_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER admission_user AFTER UPDATE OR DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION admission_user();
