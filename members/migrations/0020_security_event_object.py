"""Find the lines about an object in the security log by an index."""

from django.contrib.postgres.indexes import OpClass
from django.db import migrations, models

from config.lib.db.safe_migrate import AddIndexConcurrentlyWithRetry


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("members", "0019_security_event_action")]

    operations = [
        AddIndexConcurrentlyWithRetry(
            "securityevent",
            models.Index(
                OpClass(models.F("object_name"), "varchar_pattern_ops"),
                models.F("id"),
                name="security_event_object",
                condition=~models.Q(object_name=""),
            ),
        ),
    ]
