"""Find the provisional deadlines that are owed without reading the others."""

from django.db import migrations, models

from config.lib.db.safe_migrate import AddIndexConcurrentlyWithRetry


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("petitions", "0040_allowed_time")]

    operations = [
        AddIndexConcurrentlyWithRetry(
            "deadline",
            models.Index(
                fields=["petition"],
                name="deadline_provisional",
                condition=models.Q(
                    models.Q(is_provisional=True) | models.Q(follows_calendar=True),
                    settled_at=None,
                ),
            ),
        ),
    ]
