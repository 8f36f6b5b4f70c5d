"""Keep the cause that each answer named, beside the words of that answer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("petitions", "0006_tried_again_later")]

    operations = [
        migrations.AddField(
            "note", "cause", models.CharField(max_length=200, blank=True, default="", db_default="")
        ),
    ]
