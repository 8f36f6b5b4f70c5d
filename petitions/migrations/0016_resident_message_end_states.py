"""Add retry time and the end states "failed" and "skipped" to text messages for residents."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("petitions", "0015_verb_choices")]

    operations = [
        # Labels only; these change nothing in the database.
        migrations.AlterField(
            "residentmessage",
            "attempts",
            models.PositiveSmallIntegerField(default=0, verbose_name="尝试次数"),
        ),
        migrations.AlterField(
            "residentmessage", "created_at", models.DateTimeField(verbose_name="产生时间")
        ),
        migrations.AlterField(
            "residentmessage",
            "sent_at",
            models.DateTimeField(blank=True, null=True, verbose_name="发出时间"),
        ),
        migrations.AddField(
            "residentmessage",
            "retry_at",
            models.DateTimeField(blank=True, null=True, verbose_name="下次尝试"),
        ),
        migrations.AddField(
            "residentmessage",
            "failed_at",
            models.DateTimeField(blank=True, null=True, verbose_name="放弃时间"),
        ),
        migrations.AddField(
            "residentmessage", "is_skipped", models.BooleanField(db_default=False, default=False)
        ),
    ]
