"""Find the deadlines of a task."""

from django.db import migrations, models
from django.db.models import Q

from config.lib.db.safe_migrate import AddIndexConcurrentlyWithRetry


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("petitions", "0029_deadline_task")]

    operations = [
        AddIndexConcurrentlyWithRetry(
            "deadline",
            models.Index(fields=["task"], name="deadline_task", condition=Q(task__isnull=False)),
        ),
    ]
