"""New actions of the security log need no migration any more; the table does not change."""

from django.db import migrations, models

import members.enums


class Migration(migrations.Migration):
    dependencies = [("members", "0014_fold_duty_phones")]

    operations = [
        migrations.AlterField(
            "securityevent",
            "action",
            models.CharField(choices=members.enums.action_choices, max_length=40),
        ),
    ]
