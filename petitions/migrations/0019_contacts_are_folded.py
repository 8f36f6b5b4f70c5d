"""Mark the contacts whose telephone is stored in its folded form.

The task `tidy` and the command `rotate_contacts` fold the others, because that needs the keys.
Rows of the release before this one get the default of the database.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("petitions", "0018_mark_dropped_resident_messages")]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="is_folded",
            field=models.BooleanField(db_default=False, default=True, editable=False),
        ),
    ]
