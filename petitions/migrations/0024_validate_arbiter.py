"""Validate the constraints on who decides on a return; no write is blocked meanwhile."""

from django.db import migrations

NAMES = (
    "petition_arbiter_exists",
    "petition_returner_exists",
    "petition_returner_never_arbiter",
)


class Migration(migrations.Migration):
    dependencies = [("petitions", "0023_arbiter")]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE petitions_petition VALIDATE CONSTRAINT {name}", migrations.RunSQL.noop
        )
        for name in NAMES
    ]
