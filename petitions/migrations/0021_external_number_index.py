"""Find cases by the number of the 12345 hotline by an index."""

from django.db import migrations, models

from config.lib.db.safe_migrate import AddIndexConcurrentlyWithRetry


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("petitions", "0020_fold_external_numbers")]

    operations = [
        AddIndexConcurrentlyWithRetry(
            "petition",
            models.Index(
                fields=["external_number"],
                name="petition_external_number",
                condition=models.Q(("external_number", ""), _negated=True),
            ),
        ),
    ]
