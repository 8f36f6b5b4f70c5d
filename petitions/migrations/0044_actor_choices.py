"""Take the words of the actors from the code, so that new words need no migration (no SQL)."""

from django.db import migrations, models

from petitions.enums import actor_choices


class Migration(migrations.Migration):
    dependencies = [("petitions", "0043_first_chain_block")]

    operations = [
        migrations.AlterField(
            "event",
            "actor",
            models.CharField(choices=actor_choices, max_length=12, verbose_name="身份"),
        )
    ]
