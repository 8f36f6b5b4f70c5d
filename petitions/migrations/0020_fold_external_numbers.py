"""Bring the order numbers of the hotline to one form: no full-width digits, spaces or line ends."""

from typing import Any

from django.db import migrations

from config.lib.text_forms import fold_number

NOT_FOLDED = r"[^!-~]"


def fold_numbers(apps: Any, _schema_editor: Any) -> None:
    petitions = apps.get_model("petitions", "Petition").objects
    rows = petitions.filter(external_number__regex=NOT_FOLDED)
    for pk, stored in rows.values_list("pk", "external_number"):
        petitions.filter(pk=pk).update(external_number=fold_number(stored))


class Migration(migrations.Migration):
    dependencies = [("petitions", "0019_contacts_are_folded")]

    operations = [migrations.RunPython(fold_numbers, migrations.RunPython.noop)]
