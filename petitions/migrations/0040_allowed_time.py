"""The time for which a deadline was set, so that it can be worked out again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("petitions", "0039_fill_answer_dates")]

    operations = [
        migrations.AddField(
            model_name="deadline",
            name="allowed",
            field=models.DurationField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="deadline",
            name="follows_calendar",
            field=models.BooleanField(default=False, db_default=False),
        ),
    ]
