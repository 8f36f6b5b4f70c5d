"""Bring the duty telephones of organisations to one form: digits without separators."""

from typing import Any

from django.db import migrations

from config.lib.text_forms import telephone_to_store


def fold_phones(apps: Any, _schema_editor: Any) -> None:
    organisations = apps.get_model("branches", "Organisation").objects
    for pk, stored in organisations.exclude(duty_phone="").values_list("pk", "duty_phone"):
        folded = telephone_to_store(stored)
        if folded != stored:
            organisations.filter(pk=pk).update(duty_phone=folded)


class Migration(migrations.Migration):
    dependencies = [("branches", "0005_seasons_apart")]

    operations = [migrations.RunPython(fold_phones, migrations.RunPython.noop)]
