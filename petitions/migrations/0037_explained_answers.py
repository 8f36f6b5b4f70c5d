"""Choices of what a resident says to an explanation, and of how the case is closed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0036_tasks_of_open_orders"),
    ]

    operations = [
        migrations.AlterField(
            model_name="feedback",
            name="solved",
            field=models.CharField(
                blank=True,
                choices=[
                    ("yes", "解决了"),
                    ("partly", "部分解决"),
                    ("no", "没解决"),
                    ("accepted", "接受说明"),
                    ("refused", "不接受说明"),
                    ("silence", "未回复"),
                ],
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="petition",
            name="closed_by",
            field=models.CharField(
                blank=True,
                choices=[
                    ("confirmed", "居民确认"),
                    ("accepted", "居民接受说明"),
                    ("silence", "逾期未回复，自动结案"),
                    ("follow_up", "回访后结案"),
                ],
                max_length=10,
                verbose_name="结案方式",
            ),
        ),
    ]
