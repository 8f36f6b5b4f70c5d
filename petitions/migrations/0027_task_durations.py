"""Add to the service standards how long a task may take."""

import datetime as dt

from django.db import migrations, models

# Working time, or time of the clock for emergencies and urgent cases, as in the sample's catalogue.
ALLOWED = {
    "emergency": ("15 minutes", "1 hour"),
    "urgent": ("1 hour", "12 hours"),
    "complex": ("4 hours", "40 hours"),
    "consultation": ("2 hours", "4 hours"),
    "suggestion": ("4 hours", "40 hours"),
}
BY_URGENCY = "".join(
    f"""
    UPDATE petitions_standard SET acknowledge_within = '{acknowledge}', conclude_within = '{conclude}'
        WHERE urgency = '{urgency}';"""
    for urgency, (acknowledge, conclude) in ALLOWED.items()
)


class Migration(migrations.Migration):
    dependencies = [("petitions", "0026_arbitration_deadline")]

    operations = [
        migrations.AddField(
            "standard",
            "acknowledge_within",
            models.DurationField(
                db_default=dt.timedelta(hours=4),
                default=dt.timedelta(hours=4),
                verbose_name="任务签收时限",
            ),
        ),
        migrations.AddField(
            "standard",
            "conclude_within",
            models.DurationField(
                db_default=dt.timedelta(hours=24),
                default=dt.timedelta(hours=24),
                verbose_name="任务回复时限",
            ),
        ),
        migrations.RunSQL(BY_URGENCY, migrations.RunSQL.noop),
    ]
