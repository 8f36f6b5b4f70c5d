"""Find the cases of a community and a category at once."""

from django.db import migrations, models

from config.lib.db.safe_migrate import AddIndexConcurrentlyWithRetry


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("petitions", "0009_organisation_and_category")]

    operations = [
        AddIndexConcurrentlyWithRetry(
            "petition",
            models.Index(fields=["community", "category"], name="petition_community_category"),
        ),
    ]
