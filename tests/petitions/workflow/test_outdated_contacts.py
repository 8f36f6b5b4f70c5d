"""Contacts that are still to be encrypted anew."""

from __future__ import annotations

from petitions.models import Contact
from petitions.workflow import contact
from tests.support.cast import Stage


def test_old_key_and_unfolded_telephone_count(stage: Stage) -> None:
    current, old, unfolded = (stage.file().petition for _case in range(3))
    assert contact.count_outdated() == 0
    Contact.objects.filter(petition=old).update(key_id="0")
    assert contact.count_outdated() == 1
    Contact.objects.filter(petition=unfolded).update(is_folded=False)
    assert contact.count_outdated() == 2
    assert contact.fold_stored(limit=10) == 1
    assert contact.count_outdated() == 1
    assert Contact.objects.get(petition=current).is_folded
