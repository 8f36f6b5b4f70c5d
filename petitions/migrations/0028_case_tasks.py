"""Create the table of tasks: work that one organisation orders another one to do for a case."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

PROTECT = django.db.models.deletion.PROTECT
ACTIVE = ["acknowledged", "handed_back", "sent"]
STATES = [
    ("sent", "待签收"),
    ("acknowledged", "办理中"),
    ("done", "已办好"),
    ("not_possible", "办不了"),
    ("handed_back", "被退回"),
    ("cancelled", "已撤销"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("branches", "0003_edition"),
        ("petitions", "0027_task_durations"),
    ]

    operations = [
        migrations.CreateModel(
            name="CaseTask",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.TextField(max_length=2000, verbose_name="任务内容")),
                (
                    "state",
                    models.CharField(
                        choices=STATES, default="sent", max_length=12, verbose_name="状态"
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("round", models.PositiveSmallIntegerField(default=1, verbose_name="交办次数")),
                ("sent_at", models.DateTimeField(verbose_name="交办时间")),
                ("acknowledge_by", models.DateTimeField(verbose_name="签收时限")),
                ("due_at", models.DateTimeField(verbose_name="回复时限")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="办完时间")),
                (
                    "doer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=PROTECT,
                        related_name="+",
                        to="branches.organisation",
                        verbose_name="承办部门",
                    ),
                ),
                (
                    "orderer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=PROTECT,
                        related_name="+",
                        to="branches.organisation",
                        verbose_name="交办组织",
                    ),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=PROTECT, related_name="tasks", to="petitions.petition"
                    ),
                ),
            ],
            options={
                "verbose_name": "任务",
                "verbose_name_plural": "任务",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["petition", "doer"],
                        name="case_task_one_active_of_a_doer",
                        condition=Q(state__in=ACTIVE),
                    ),
                    models.CheckConstraint(
                        condition=Q(state__in=ACTIVE, ended_at=None)
                        | (~Q(state__in=ACTIVE) & Q(ended_at__isnull=False)),
                        name="case_task_end_paired",
                    ),
                    models.CheckConstraint(
                        condition=Q(acknowledge_by__gte=F("sent_at"), due_at__gte=F("sent_at")),
                        name="case_task_times_in_order",
                    ),
                    models.CheckConstraint(
                        condition=~Q(orderer=F("doer")), name="case_task_ordered_from_another"
                    ),
                ],
                "indexes": [
                    models.Index(
                        fields=["doer", "state"],
                        name="case_task_doer",
                        condition=Q(state__in=ACTIVE),
                    ),
                    models.Index(
                        fields=["orderer", "state"],
                        name="case_task_orderer",
                        condition=Q(state__in=ACTIVE),
                    ),
                ],
            },
        ),
    ]
