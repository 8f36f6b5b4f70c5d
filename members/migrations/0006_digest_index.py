"""Finds a person's last digest by an index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0005_failed_logins"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("message", None)),
                fields=["user", "-send_from"],
                name="delivery_digests",
            ),
        ),
    ]
