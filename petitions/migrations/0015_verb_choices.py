"""Read the choices of `Event.verb` from a function: a new verb needs no migration (no SQL)."""

from django.db import migrations, models

import petitions.enums


class Migration(migrations.Migration):
    dependencies = [("petitions", "0014_register_version")]

    operations = [
        migrations.AlterField(
            model_name="event",
            name="verb",
            field=models.CharField(
                choices=petitions.enums.verb_choices, max_length=10, verbose_name="动作"
            ),
        )
    ]
