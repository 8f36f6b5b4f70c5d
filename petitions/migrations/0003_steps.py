"""Write the table of legal steps into the database, from `petitions.states`."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from petitions import states


def write_steps(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the table equal to `states.steps()`."""
    step = apps.get_model("petitions", "Step")
    step.objects.all().delete()
    step.objects.bulk_create(
        step(verb=verb, from_status=source, to_status=target)
        for verb, source, target in states.steps()
    )


class Migration(migrations.Migration):
    dependencies = [("petitions", "0002_guards")]

    operations = [migrations.RunPython(write_steps, migrations.RunPython.noop)]
