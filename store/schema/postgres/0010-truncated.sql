-- SPDX-License-Identifier: Apache-2.0
-- TRUNCATE runs no trigger of a row: the rows of admission are made anew.
CREATE FUNCTION change_of_all() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM admission;
    INSERT INTO admission SELECT * FROM admissible;
    INSERT INTO change (kind, subject) VALUES (0, 0);
    RETURN NULL;
END $$;
CREATE TRIGGER change_all AFTER TRUNCATE ON session
    FOR EACH STATEMENT EXECUTE FUNCTION change_of_all();
CREATE TRIGGER change_all AFTER TRUNCATE ON device
    FOR EACH STATEMENT EXECUTE FUNCTION change_of_all();
CREATE TRIGGER change_all AFTER TRUNCATE ON api_key
    FOR EACH STATEMENT EXECUTE FUNCTION change_of_all();
CREATE TRIGGER change_all AFTER TRUNCATE ON permitted_ip
    FOR EACH STATEMENT EXECUTE FUNCTION change_of_all();
CREATE TRIGGER change_all AFTER TRUNCATE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION change_of_all();
CREATE TRIGGER change_all AFTER TRUNCATE ON installation
    FOR EACH STATEMENT EXECUTE FUNCTION change_of_all();
CREATE TRIGGER change_all AFTER TRUNCATE ON server_key
    FOR EACH STATEMENT EXECUTE FUNCTION change_of_all();
