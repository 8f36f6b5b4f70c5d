"""Mobile activity rooms and their announced stops."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("branches", "0001_organisations")]

    operations = [
        migrations.CreateModel(
            name="MobileActivityRoom",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="名称")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mobile_rooms",
                        to="branches.organisation",
                        verbose_name="所属党小组",
                    ),
                ),
            ],
            options={
                "verbose_name": "流动毡房活动室",
                "verbose_name_plural": "流动毡房活动室",
            },
        ),
        migrations.CreateModel(
            name="Stop",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("date", models.DateField(verbose_name="日期")),
                ("services", models.CharField(max_length=200, verbose_name="服务内容")),
                (
                    "area",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grids.area",
                        verbose_name="地点",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stops",
                        to="branches.mobileactivityroom",
                        verbose_name="活动室",
                    ),
                ),
            ],
            options={
                "verbose_name": "停靠点",
                "verbose_name_plural": "停靠点",
                "ordering": ["date"],
            },
        ),
    ]
