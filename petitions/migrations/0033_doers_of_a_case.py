"""Add the organisations that have or had a task to the case, for who may see it."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("petitions", "0032_several_tasks_at_once")]

    operations = [
        migrations.AddField(
            "petition",
            "doer_ids",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(),
                blank=True,
                db_default=[],
                default=list,
                size=None,
            ),
        ),
    ]
