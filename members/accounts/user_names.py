"""User names that were stored before they were unique in their folded form."""

from __future__ import annotations

from collections import defaultdict

from config.lib.text_forms import fold_user_name
from members.models import User

RENAMED = "~"
"""Stands in a name that the migration made unique; no valid user name contains it."""


def doubled() -> list[list[str]]:
    """Return the groups of user names that are one name in their folded form."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in User.objects.order_by("pk").values_list("username", flat=True):
        groups[fold_user_name(name.partition(RENAMED)[0])].append(name)
    return [names for names in groups.values() if len(names) > 1]


def not_folded() -> list[str]:
    """Return the user names that are stored in another form than the one that is looked up."""
    names = User.objects.order_by("pk").values_list("username", flat=True)
    return [name for name in names if name != fold_user_name(name)]
