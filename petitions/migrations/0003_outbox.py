"""Every event owes its announcement: the database itself puts it into the outbox."""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION petitions_event_is_owed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO petitions_outbox (event_id, created_at, attempts) VALUES (NEW.id, NEW.at, 0);
    RETURN NULL;
END $$;

CREATE TRIGGER petitions_event_is_owed AFTER INSERT ON petitions_event
    FOR EACH ROW EXECUTE FUNCTION petitions_event_is_owed();
"""
BACKWARDS = """
DROP TRIGGER petitions_event_is_owed ON petitions_event;
DROP FUNCTION petitions_event_is_owed();
"""


class Migration(migrations.Migration):
    dependencies = [("petitions", "0002_guards")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
