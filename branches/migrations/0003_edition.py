"""The edition of the registers: another number after every change of places or who answers."""

from django.db import migrations

# The number comes from a sequence, so that not even what was rolled back gets the same one twice.
FORWARDS = """
CREATE SEQUENCE branches_editions;
CREATE TABLE branches_edition (number bigint NOT NULL);
INSERT INTO branches_edition VALUES (nextval('branches_editions'));

CREATE FUNCTION branches_next_edition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE branches_edition SET number = nextval('branches_editions');
    IF NOT FOUND THEN
        INSERT INTO branches_edition VALUES (nextval('branches_editions'));
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER branches_next_edition AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON grids_area FOR EACH STATEMENT EXECUTE FUNCTION branches_next_edition();
CREATE TRIGGER branches_next_edition AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON branches_organisation FOR EACH STATEMENT EXECUTE FUNCTION branches_next_edition();
CREATE TRIGGER branches_next_edition AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON branches_responsibility FOR EACH STATEMENT EXECUTE FUNCTION branches_next_edition();
"""
BACKWARDS = """
DROP TRIGGER branches_next_edition ON branches_responsibility;
DROP TRIGGER branches_next_edition ON branches_organisation;
DROP TRIGGER branches_next_edition ON grids_area;
DROP FUNCTION branches_next_edition();
DROP TABLE branches_edition;
DROP SEQUENCE branches_editions;
"""


class Migration(migrations.Migration):
    dependencies = [("branches", "0002_mobile_rooms"), ("grids", "0003_calendar")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
