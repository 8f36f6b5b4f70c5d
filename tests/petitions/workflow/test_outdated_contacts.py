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


def test_a_batch_names_its_last_row_so_that_the_next_goes_on_behind_it(stage: Stage) -> None:
    for _case in range(3):
        stage.file()
    Contact.objects.update(is_folded=False)
    rows = list(Contact.objects.order_by("pk").values_list("pk", flat=True))
    batch = contact.reencrypt(after=0, limit=2)
    assert (batch.done, batch.last) == (2, rows[1])
    batch = contact.reencrypt(after=rows[1], limit=2)
    assert (batch.done, batch.last) == (1, rows[2])
    assert contact.reencrypt(after=rows[2], limit=2).last is None
