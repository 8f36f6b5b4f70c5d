"""Find the cases in which an organisation has or had a task."""

import django.contrib.postgres.indexes
from django.db import migrations
from django.db.models import Q

from config.lib.db.safe_migrate import AddIndexConcurrentlyWithRetry


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("petitions", "0033_doers_of_a_case")]

    operations = [
        AddIndexConcurrentlyWithRetry(
            "petition",
            django.contrib.postgres.indexes.GinIndex(
                fields=["doer_ids"], name="petition_doers", condition=~Q(doer_ids=[])
            ),
        ),
    ]
