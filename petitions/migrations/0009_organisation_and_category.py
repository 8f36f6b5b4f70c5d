"""Find the cases of an organisation and a category at once."""

from django.db import migrations, models

from config.lib.db.safe_migrate import AddIndexConcurrentlyWithRetry


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("petitions", "0008_path_and_category")]

    operations = [
        AddIndexConcurrentlyWithRetry(
            "petition",
            models.Index(fields=["organisation", "category"], name="petition_org_category"),
        ),
    ]
