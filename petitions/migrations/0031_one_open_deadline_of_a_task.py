"""Allow one open deadline of a kind for each task of a case, and one for the case itself."""

from django.db import migrations, models
from django.db.models import Q

from config.lib.db.safe_migrate import AddUniqueConstraintConcurrentlyWithRetry


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("petitions", "0030_deadline_task_index")]

    operations = [
        AddUniqueConstraintConcurrentlyWithRetry(
            "deadline",
            models.UniqueConstraint(
                fields=["petition", "kind", "task"],
                name="deadline_one_open_of_a_kind_and_task",
                condition=Q(state="open"),
                nulls_distinct=False,
            ),
        ),
    ]
