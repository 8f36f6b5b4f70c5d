"""Find the events of the last day without reading years of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("petitions", "0004_listed_categories")]

    operations = [
        migrations.AddIndex(model_name="event", index=models.Index(fields=["at"], name="event_at")),
    ]
