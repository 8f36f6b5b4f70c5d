"""Let a deadline belong to a task."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("petitions", "0028_case_tasks")]

    operations = [
        migrations.AddField(
            "deadline",
            "task",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deadlines",
                to="petitions.casetask",
            ),
        ),
    ]
