"""Calendar days and office hours."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("grids", "0002_places")]

    operations = [
        migrations.CreateModel(
            name="CalendarDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("date", models.DateField(verbose_name="日期")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("holiday", "放假"),
                            ("make_up", "调休上班"),
                            ("regional", "地方假日"),
                        ],
                        max_length=10,
                        verbose_name="性质",
                    ),
                ),
                ("is_workday", models.BooleanField(verbose_name="上班")),
                ("name", models.CharField(max_length=40, verbose_name="名称")),
                ("source", models.CharField(blank=True, max_length=120, verbose_name="依据")),
                (
                    "region",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="calendar_days",
                        to="grids.area",
                        verbose_name="地区",
                    ),
                ),
            ],
            options={
                "verbose_name": "日历",
                "verbose_name_plural": "日历",
                "ordering": ["date"],
            },
        ),
        migrations.CreateModel(
            name="OfficeHours",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "season_from",
                    models.CharField(
                        max_length=5,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$",
                                "请按“月-日”填写，如 05-01",
                            )
                        ],
                        verbose_name="季节开始（月-日）",
                    ),
                ),
                (
                    "season_to",
                    models.CharField(
                        max_length=5,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$",
                                "请按“月-日”填写，如 05-01",
                            )
                        ],
                        verbose_name="季节结束（月-日）",
                    ),
                ),
                ("opens", models.TimeField(verbose_name="上班")),
                ("closes", models.TimeField(verbose_name="下班")),
                (
                    "region",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="office_hours",
                        to="grids.area",
                        verbose_name="地区",
                    ),
                ),
            ],
            options={
                "verbose_name": "办公时间",
                "verbose_name_plural": "办公时间",
                "ordering": ["region", "season_from", "opens"],
            },
        ),
        migrations.AddConstraint(
            model_name="calendarday",
            constraint=models.UniqueConstraint(
                fields=("region", "date"), name="calendar_one_row_a_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="officehours",
            constraint=models.CheckConstraint(
                condition=models.Q(("closes__gt", models.F("opens"))), name="office_hours_in_order"
            ),
        ),
    ]
