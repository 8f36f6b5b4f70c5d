"""Find the newest cases of a category."""

from django.db import migrations, models

from config.lib.migrating import AddIndexMeanwhile


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("petitions", "0010_community_and_category")]

    operations = [
        AddIndexMeanwhile("petition", models.Index(fields=["category", "-id"], name="petition_category")),
    ]
