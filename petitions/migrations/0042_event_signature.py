"""Events are signed, and kept against TRUNCATE; see `members/migrations/0022_hash_chain.py`."""

from django.db import migrations, models

FORWARD = """
CREATE TRIGGER petitions_event_is_kept BEFORE TRUNCATE ON petitions_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_truncate();
CREATE TRIGGER petitions_event_is_signed BEFORE INSERT ON petitions_event
    FOR EACH ROW WHEN (NEW.signature IS NULL) EXECUTE FUNCTION audit_require_signature();
"""
BACKWARD = """
DROP TRIGGER petitions_event_is_signed ON petitions_event;
DROP TRIGGER petitions_event_is_kept ON petitions_event;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0041_provisional_deadlines"),
        ("members", "0022_hash_chain"),
    ]

    operations = [
        migrations.AddField("event", "signature", models.BinaryField(null=True, editable=False)),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
