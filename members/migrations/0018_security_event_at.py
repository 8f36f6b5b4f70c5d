"""Find the lines of a day in the security log by an index."""

from django.db import migrations, models

from config.lib.db.safe_migrate import AddIndexConcurrentlyWithRetry


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("members", "0017_security_log_words")]

    operations = [
        AddIndexConcurrentlyWithRetry(
            "securityevent",
            models.Index(fields=["at"], name="security_event_at"),
        ),
    ]
