"""Mark text messages as failed that were dropped after five attempts without a trace."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("petitions", "0017_failed_resident_messages")]

    operations = [
        migrations.RunSQL(
            "UPDATE petitions_residentmessage SET failed_at = created_at"
            " WHERE sent_at IS NULL AND failed_at IS NULL AND attempts >= 5",
            migrations.RunSQL.noop,
        )
    ]
