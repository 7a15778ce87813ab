-- SPDX-License-Identifier: Apache-2.0
-- What keeps admission as admissible says. Each trigger takes the rows of what
-- was changed out, and puts them in again as they are now.

CREATE TRIGGER admission_session_put AFTER INSERT ON session BEGIN
    INSERT INTO admission SELECT * FROM admissible WHERE session_id = NEW.id;
END;
CREATE TRIGGER admission_session_set AFTER UPDATE ON session BEGIN
    DELETE FROM admission WHERE digest = OLD.digest;
    INSERT INTO admission SELECT * FROM admissible WHERE session_id = NEW.id;
END;
CREATE TRIGGER admission_session_drop AFTER DELETE ON session BEGIN
    DELETE FROM admission WHERE digest = OLD.digest;
END;

CREATE TRIGGER admission_device_set AFTER UPDATE ON device BEGIN
    DELETE FROM admission WHERE digest IN (SELECT s.digest FROM session s
        WHERE s.device_id IN (OLD.id, NEW.id) AND s.ended_us IS NULL);
    INSERT INTO admission SELECT * FROM admissible WHERE device_id = NEW.id;
END;
CREATE TRIGGER admission_device_drop AFTER DELETE ON device BEGIN
    DELETE FROM admission WHERE digest IN (SELECT s.digest FROM session s
        WHERE s.device_id = OLD.id AND s.ended_us IS NULL);
END;

-- A key is bound again for each of its devices: nothing to do then.
CREATE TRIGGER admission_key_set AFTER UPDATE ON api_key
    WHEN OLD.id <> NEW.id OR OLD.user_id <> NEW.user_id
        OR (OLD.revoked_us IS NULL) <> (NEW.revoked_us IS NULL)
        OR (OLD.allow_all_ips <> 0) <> (NEW.allow_all_ips <> 0) BEGIN
    DELETE FROM admission WHERE digest IN (SELECT s.digest FROM device d
        JOIN session s ON s.device_id = d.id
        WHERE d.api_key_id IN (OLD.id, NEW.id) AND s.ended_us IS NULL);
    INSERT INTO admission SELECT * FROM admissible WHERE api_key_id = NEW.id;
END;
CREATE TRIGGER admission_key_drop AFTER DELETE ON api_key BEGIN
    DELETE FROM admission WHERE digest IN (SELECT s.digest FROM device d
        JOIN session s ON s.device_id = d.id
        WHERE d.api_key_id = OLD.id AND s.ended_us IS NULL);
END;

CREATE TRIGGER admission_ip_put AFTER INSERT ON permitted_ip BEGIN
    DELETE FROM admission WHERE digest IN (SELECT s.digest FROM device d
        JOIN session s ON s.device_id = d.id
        WHERE d.api_key_id = NEW.api_key_id AND s.ended_us IS NULL);
    INSERT INTO admission SELECT * FROM admissible
        WHERE api_key_id = NEW.api_key_id;
END;
CREATE TRIGGER admission_ip_set AFTER UPDATE ON permitted_ip
    WHEN OLD.id <> NEW.id OR OLD.api_key_id <> NEW.api_key_id
        OR OLD.address <> NEW.address
        OR (OLD.is_active <> 0) <> (NEW.is_active <> 0) BEGIN
    DELETE FROM admission WHERE digest IN (SELECT s.digest FROM device d
        JOIN session s ON s.device_id = d.id
        WHERE d.api_key_id IN (OLD.api_key_id, NEW.api_key_id)
        AND s.ended_us IS NULL);
    INSERT INTO admission SELECT * FROM admissible
        WHERE api_key_id IN (OLD.api_key_id, NEW.api_key_id);
END;
CREATE TRIGGER admission_ip_drop AFTER DELETE ON permitted_ip BEGIN
    DELETE FROM admission WHERE digest IN (SELECT s.digest FROM device d
        JOIN session s ON s.device_id = d.id
        WHERE d.api_key_id = OLD.api_key_id AND s.ended_us IS NULL);
    INSERT INTO admission SELECT * FROM admissible
        WHERE api_key_id = OLD.api_key_id;
END;

CREATE TRIGGER admission_user_set AFTER UPDATE ON users
    WHEN OLD.id <> NEW.id OR OLD.auto_logout_s <> NEW.auto_logout_s BEGIN
    DELETE FROM admission WHERE digest IN (SELECT s.digest FROM api_key k
        JOIN device d ON d.api_key_id = k.id
        JOIN session s ON s.device_id = d.id
        WHERE k.user_id IN (OLD.id, NEW.id) AND s.ended_us IS NULL);
    INSERT INTO admission SELECT * FROM admissible WHERE user_id = NEW.id;
END;
CREATE TRIGGER admission_user_drop AFTER DELETE ON users BEGIN
    DELETE FROM admission WHERE digest IN (SELECT s.digest FROM api_key k
        JOIN device d ON d.api_key_id = k.id
        JOIN session s ON s.device_id = d.id
        WHERE k.user_id = OLD.id AND s.ended_us IS NULL);
END;
