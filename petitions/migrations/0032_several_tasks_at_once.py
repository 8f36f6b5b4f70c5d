"""Drop the index that allowed one open deadline of a kind in the whole case."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("petitions", "0031_one_open_deadline_of_a_task")]

    operations = [migrations.RemoveConstraint("deadline", "deadline_one_open_of_a_kind")]
