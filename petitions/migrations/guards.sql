-- P4: every change of a case has exactly one event, events follow legal steps, and no event is
-- ever altered. The database refuses anything else, whichever door it comes by.

CREATE FUNCTION petitions_event_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an event is never altered or deleted (event %)', OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER petitions_event_is_final BEFORE UPDATE OR DELETE ON petitions_event
    FOR EACH ROW EXECUTE FUNCTION petitions_event_is_final();

CREATE FUNCTION petitions_event_is_legal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before varchar := '';
BEGIN
    IF NEW.version > 1 THEN
        SELECT to_status INTO before FROM petitions_event
            WHERE petition_id = NEW.petition_id AND version = NEW.version - 1;
        IF before IS NULL THEN
            RAISE EXCEPTION 'event % of case % follows no event', NEW.version, NEW.petition_id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    IF NEW.from_status <> before OR NOT EXISTS (
        SELECT 1 FROM petitions_step
        WHERE verb = NEW.verb AND from_status = NEW.from_status AND to_status = NEW.to_status
    ) THEN
        RAISE EXCEPTION 'no legal step: % from % (was %) to %',
            NEW.verb, NEW.from_status, before, NEW.to_status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER petitions_event_is_legal BEFORE INSERT ON petitions_event
    FOR EACH ROW EXECUTE FUNCTION petitions_event_is_legal();

CREATE FUNCTION petitions_event_has_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM petitions_petition WHERE id = NEW.petition_id AND version >= NEW.version
    ) THEN
        RAISE EXCEPTION 'event % of case % belongs to no change', NEW.version, NEW.petition_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER petitions_event_has_change AFTER INSERT ON petitions_event
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION petitions_event_has_change();

CREATE FUNCTION petitions_petition_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version NOT IN (OLD.version, OLD.version + 1) OR (
        NEW.version = OLD.version AND (
            NEW.status, NEW.organisation_id, NEW.supervisor_id, NEW.level, NEW.assigned_group_id,
            NEW.urgency, NEW.is_answer_owed
        ) IS DISTINCT FROM (
            OLD.status, OLD.organisation_id, OLD.supervisor_id, OLD.level, OLD.assigned_group_id,
            OLD.urgency, OLD.is_answer_owed
        )
    ) THEN
        RAISE EXCEPTION 'case % changes only together with an event', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER petitions_petition_counts BEFORE UPDATE ON petitions_petition
    FOR EACH ROW EXECUTE FUNCTION petitions_petition_counts();

CREATE FUNCTION petitions_petition_has_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM petitions_event e
        WHERE e.petition_id = NEW.id AND e.version = NEW.version AND e.to_status = NEW.status
            AND e.organisation_id = NEW.organisation_id
            AND e.supervisor_id IS NOT DISTINCT FROM NEW.supervisor_id AND e.level = NEW.level
    ) THEN
        RAISE EXCEPTION 'case % changed to version % (%) without its event',
            NEW.id, NEW.version, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER petitions_petition_has_first_event AFTER INSERT ON petitions_petition
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION petitions_petition_has_event();

CREATE CONSTRAINT TRIGGER petitions_petition_has_event AFTER UPDATE ON petitions_petition
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.version IS DISTINCT FROM NEW.version)
    EXECUTE FUNCTION petitions_petition_has_event();
