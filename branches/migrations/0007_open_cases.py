"""What happens to the open cases of an organisation when its responsibility ends."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("branches", "0006_fold_duty_phones")]

    operations = [
        migrations.AddField(
            "responsibility",
            "open_cases",
            models.CharField(
                blank=True,
                choices=[("stay", "留在原组织，由它办完"), ("follow", "转给以后负责的组织")],
                db_default="",
                default="",
                editable=False,
                max_length=6,
                verbose_name="没有办完的诉求",
            ),
        ),
        migrations.AddField(
            "responsibility",
            "followed_at",
            models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
