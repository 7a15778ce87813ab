-- SPDX-License-Identifier: Apache-2.0
-- Two changes at once, of which each makes another row of admission right,
-- would not see each other: whatever changes these tables waits its turn, by
-- the row that trivet's own transactions take first.
CREATE FUNCTION admission_turn() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
    PERFORM 1 FROM audit_head WHERE id = 1 FOR UPDATE;
    RETURN NULL;
END $$;
CREATE TRIGGER admission_turn BEFORE INSERT OR UPDATE OR DELETE ON session
    FOR EACH STATEMENT EXECUTE FUNCTION admission_turn();
CREATE TRIGGER admission_turn BEFORE INSERT OR UPDATE OR DELETE ON device
    FOR EACH STATEMENT EXECUTE FUNCTION admission_turn();
CREATE TRIGGER admission_turn BEFORE INSERT OR UPDATE OR DELETE ON api_key
    FOR EACH STATEMENT EXECUTE FUNCTION admission_turn();
CREATE TRIGGER admission_turn BEFORE INSERT OR UPDATE OR DELETE
    ON permitted_ip
    FOR EACH STATEMENT EXECUTE FUNCTION admission_turn();
CREATE TRIGGER admission_turn BEFORE INSERT OR UPDATE OR DELETE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION admission_turn();
