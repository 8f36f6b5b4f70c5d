"""Find the newest cases of a category."""

from django.db import migrations, models

from config.lib.db.safe_migrate import AddIndexConcurrentlyWithRetry


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("petitions", "0010_community_and_category")]

    operations = [
        AddIndexConcurrentlyWithRetry(
            "petition", models.Index(fields=["category", "-id"], name="petition_category")
        ),
    ]
