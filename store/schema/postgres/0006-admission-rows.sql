-- SPDX-License-Identifier: Apache-2.0
-- Each takes the rows of what was changed out, and puts them in again as they
-- are now. OLD is NULL of what was put in, NEW of what was removed: no row has
-- that.
CREATE FUNCTION admission_session() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM admission WHERE digest = OLD.digest;
    INSERT INTO admission SELECT * FROM admissible WHERE session_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER admission_session AFTER INSERT OR UPDATE OR DELETE ON session
    FOR EACH ROW EXECUTE FUNCTION admission_session();

CREATE FUNCTION admission_device() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM admission WHERE digest IN (SELECT s.digest FROM session s
        WHERE s.device_id IN (OLD.id, NEW.id) AND s.ended_us IS NULL);
    INSERT INTO admission SELECT * FROM admissible WHERE device_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER admission_device AFTER UPDATE OR DELETE ON device
    FOR EACH ROW EXECUTE FUNCTION admission_device();
