"""Count the contacts that one person opened today by an index."""

from django.db import migrations, models

from config.lib.db.safe_migrate import AddIndexConcurrentlyWithRetry


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("petitions", "0021_external_number_index")]

    operations = [
        AddIndexConcurrentlyWithRetry(
            "event",
            models.Index(
                fields=["user", "at"],
                name="event_reveals",
                condition=models.Q(verb="reveal"),
            ),
        ),
    ]
