"""The database itself refuses a change without its event (P4)."""

from pathlib import Path

from django.db import migrations

GUARDS = Path(__file__).with_name("guards.sql").read_text(encoding="utf-8")
TRIGGERS = {
    "petitions_event": ["event_is_final", "event_is_legal", "event_has_change"],
    "petitions_petition": ["petition_counts", "petition_has_first_event", "petition_has_event"],
}
DROP_TRIGGERS = [
    f"DROP TRIGGER petitions_{name} ON {table};"
    for table, names in TRIGGERS.items()
    for name in names
]
DROP_FUNCTIONS = [
    f"DROP FUNCTION petitions_{name}();"
    for names in TRIGGERS.values()
    for name in names
    if name != "petition_has_first_event"
]


class Migration(migrations.Migration):
    dependencies = [("petitions", "0001_cases")]

    operations = [migrations.RunSQL(GUARDS, "\n".join(DROP_TRIGGERS + DROP_FUNCTIONS))]
