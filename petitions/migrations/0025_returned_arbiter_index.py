"""Find the returned cases that an organisation must decide on by an index."""

from django.db import migrations, models

from config.lib.db.safe_migrate import AddIndexConcurrentlyWithRetry


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("petitions", "0024_validate_arbiter")]

    operations = [
        AddIndexConcurrentlyWithRetry(
            "petition",
            models.Index(
                fields=["arbiter"],
                name="petition_returned_arbiter",
                condition=models.Q(status="returned"),
            ),
        ),
    ]
