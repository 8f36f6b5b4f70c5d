"""Find the lines of a kind in the security log by an index."""

from django.db import migrations, models

from config.lib.db.safe_migrate import AddIndexConcurrentlyWithRetry


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("members", "0018_security_event_at")]

    operations = [
        AddIndexConcurrentlyWithRetry(
            "securityevent",
            models.Index(fields=["action", "id"], name="security_event_action"),
        ),
    ]
