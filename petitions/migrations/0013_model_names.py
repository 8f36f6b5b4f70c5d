"""Rename two models in Django's state; their tables keep their names, so nothing is locked."""

from django.db import migrations

RENAMED = {"Step": "LegalTransition", "GuessCount": "RateLimitCounter"}


class Migration(migrations.Migration):
    dependencies = [("petitions", "0012_doubled_indexes")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                operation
                for old, new in RENAMED.items()
                for operation in (
                    migrations.AlterModelTable(old, f"petitions_{old.lower()}"),
                    migrations.RenameModel(old, new),
                )
            ]
        )
    ]
