"""Let a limit or an announcement that cannot go through wait, each time longer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("petitions", "0005_event_time")]

    operations = [
        migrations.AddField(
            "deadline", "attempts", models.PositiveSmallIntegerField(default=0, db_default=0)
        ),
        migrations.AddField("deadline", "retry_at", models.DateTimeField(null=True, blank=True)),
        migrations.AddField("outbox", "retry_at", models.DateTimeField(null=True, blank=True)),
    ]
