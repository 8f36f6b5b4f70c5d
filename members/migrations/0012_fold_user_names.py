"""Bring the stored user names to the form in which they are looked up and unique.

Of names that become equal, the account that logged in last keeps the name; the others get their id
after a `~`, which no valid name contains. `check_integrity` names them, and the security
administrator gives them another name.
"""

from typing import Any

from django.db import migrations
from django.db.models import F

from config.lib.text_forms import fold_user_name

MAX_LENGTH = 60


def fold_names(apps: Any, _schema_editor: Any) -> None:
    users = apps.get_model("members", "User").objects
    ranked = users.order_by(F("last_login").desc(nulls_last=True), "pk")
    names: dict[int, str] = {}
    taken: set[str] = set()
    changed: list[int] = []
    for pk, stored in ranked.values_list("pk", "username"):
        name = fold_user_name(stored)[:MAX_LENGTH]
        if name in taken:
            mark = f"~{pk}"
            name = name[: MAX_LENGTH - len(mark)] + mark
        names[pk] = name
        taken.add(name)
        if name != stored:
            changed.append(pk)
    for pk in changed:  # a name may still belong to a row that is changed later
        users.filter(pk=pk).update(username=f"~~{pk}")
    for pk in changed:
        users.filter(pk=pk).update(username=names[pk])


class Migration(migrations.Migration):
    dependencies = [("members", "0011_register_version")]

    operations = [migrations.RunPython(fold_names, migrations.RunPython.noop)]
