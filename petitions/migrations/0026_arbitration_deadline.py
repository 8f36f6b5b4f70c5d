"""Add the deadline of the decision on a return: four working hours, unless a standard differs."""

import datetime as dt

from django.db import migrations, models

ACTORS = [
    ("petitioner", "居民"),
    ("handler", "负责组织"),
    ("assignee", "承办人"),
    ("coordinator", "社区（街道）协调人"),
    ("supervisor", "督办组织"),
    ("arbiter", "裁定组织"),
    ("department", "承办部门"),
    ("partner", "对接系统"),
    ("clock", "系统时钟"),
]
KINDS = [
    ("contact", "首次响应"),
    ("resolution", "办结"),
    ("answer", "答复升级"),
    ("arbitration", "裁定退单"),
    ("confirmation", "居民确认"),
]


class Migration(migrations.Migration):
    dependencies = [("petitions", "0025_returned_arbiter_index")]

    operations = [
        migrations.AddField(
            "standard",
            "arbitrate_within",
            models.DurationField(
                db_default=dt.timedelta(hours=4),
                default=dt.timedelta(hours=4),
                verbose_name="裁定退单时限",
            ),
        ),
        # Choices only; these change nothing in the database.
        migrations.AlterField(
            "deadline",
            "kind",
            models.CharField(choices=KINDS, max_length=12, verbose_name="事项"),
        ),
        migrations.AlterField(
            "event",
            "actor",
            models.CharField(choices=ACTORS, max_length=12, verbose_name="身份"),
        ),
    ]
