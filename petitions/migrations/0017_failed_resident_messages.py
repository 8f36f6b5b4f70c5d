"""Find the text messages that were given up by an index."""

from django.db import migrations, models

from config.lib.db.safe_migrate import AddIndexConcurrentlyWithRetry


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("petitions", "0016_resident_message_end_states")]

    operations = [
        AddIndexConcurrentlyWithRetry(
            "residentmessage",
            models.Index(
                fields=["failed_at"],
                name="resident_message_failed",
                condition=models.Q(failed_at__isnull=False),
            ),
        ),
    ]
