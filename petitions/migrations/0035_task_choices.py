"""Name the deadlines of a task and the ordering organisation (no SQL)."""

from django.db import migrations, models

KINDS = [
    ("contact", "首次响应"),
    ("resolution", "办结"),
    ("answer", "答复升级"),
    ("arbitration", "裁定退单"),
    ("confirmation", "居民确认"),
    ("acknowledge", "任务签收"),
    ("conclude", "任务回复"),
]
ACTORS = [
    ("petitioner", "居民"),
    ("handler", "负责组织"),
    ("assignee", "承办人"),
    ("coordinator", "社区（街道）协调人"),
    ("supervisor", "督办组织"),
    ("arbiter", "裁定组织"),
    ("department", "承办部门"),
    ("orderer", "交办组织"),
    ("partner", "对接系统"),
    ("clock", "系统时钟"),
]


class Migration(migrations.Migration):
    dependencies = [("petitions", "0034_doers_index")]

    operations = [
        migrations.AlterField(
            "deadline", "kind", models.CharField(choices=KINDS, max_length=12, verbose_name="事项")
        ),
        migrations.AlterField(
            "event", "actor", models.CharField(choices=ACTORS, max_length=12, verbose_name="身份")
        ),
    ]
