"""Bring the duty telephones of users to one form: digits without separators."""

from typing import Any

from django.db import migrations

from config.lib.text_forms import telephone_to_store


def fold_phones(apps: Any, _schema_editor: Any) -> None:
    users = apps.get_model("members", "User").objects
    for pk, stored in users.exclude(duty_phone="").values_list("pk", "duty_phone"):
        folded = telephone_to_store(stored)
        if folded != stored:
            users.filter(pk=pk).update(duty_phone=folded)


class Migration(migrations.Migration):
    dependencies = [("members", "0013_user_names_unique_when_folded")]

    operations = [migrations.RunPython(fold_phones, migrations.RunPython.noop)]
