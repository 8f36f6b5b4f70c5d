"""The security log says in words who did what, as what, on which object; rows are signed.

A line keeps its user even if the account is removed, so that no line ever changes: the foreign key
is not one of the database any more.
"""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import members.enums


def text(label, length, **options):
    return models.CharField(
        label, blank=True, db_default="", default="", max_length=length, **options
    )


OUTCOMES = [("done", "已完成"), ("refused", "被拒绝"), ("failed", "没有成功")]
COLUMNS = {
    "user_name": text("谁", 120),
    "acting_as": text("身份", 200),
    "organisation": text("所在组织", 200),
    "outcome": text("结果", 8, choices=OUTCOMES),
    "object_kind": text("对象种类", 60),
    "object_id": models.BigIntegerField(null=True),
    "object_name": text("对象", 200),
    "message": text("说明", 400),
    "times": models.PositiveIntegerField("次数", db_default=1, default=1),
    "signature": models.BinaryField(null=True, editable=False),
}


class Migration(migrations.Migration):
    dependencies = [("members", "0016_message_kinds")]

    operations = [
        *(migrations.AddField("securityevent", name, field) for name, field in COLUMNS.items()),
        migrations.AlterField(
            "securityevent",
            "action",
            models.CharField("做了什么", choices=members.enums.action_choices, max_length=40),
        ),
        migrations.AlterField(
            "securityevent",
            "at",
            models.DateTimeField("时间", default=django.utils.timezone.now),
        ),
        migrations.AlterField(
            "securityevent",
            "user",
            models.ForeignKey(
                settings.AUTH_USER_MODEL,
                django.db.models.deletion.DO_NOTHING,
                db_constraint=False,
                null=True,
                related_name="+",
            ),
        ),
    ]
