"""Find the cases of a place and a category at once."""

from django.db import migrations, models

from config.lib.db.safe_migrate import AddIndexConcurrentlyWithRetry


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("petitions", "0007_cause_of_each_round")]

    operations = [
        AddIndexConcurrentlyWithRetry(
            "petition",
            models.Index(
                fields=["path", "category"],
                name="petition_path_category",
                opclasses=["varchar_pattern_ops", "int8_ops"],
            ),
        ),
    ]
