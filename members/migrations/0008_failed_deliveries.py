"""Find the deliveries that were given up by an index."""

from django.db import migrations, models

from config.lib.db.safe_migrate import AddIndexConcurrentlyWithRetry


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("members", "0007_delivery_end_states")]

    operations = [
        AddIndexConcurrentlyWithRetry(
            "delivery",
            models.Index(
                fields=["user", "failed_at"],
                name="delivery_failed",
                condition=models.Q(failed_at__isnull=False),
            ),
        ),
    ]
