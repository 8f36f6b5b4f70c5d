"""New kinds of inbox messages need no migration any more; the table does not change."""

from django.db import migrations, models

import members.enums


class Migration(migrations.Migration):
    dependencies = [("members", "0015_security_actions")]

    operations = [
        migrations.AlterField(
            "inboxmessage",
            "kind",
            models.CharField(
                choices=members.enums.message_kind_choices, max_length=12, verbose_name="类别"
            ),
        ),
    ]
