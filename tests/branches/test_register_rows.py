"""Cached organisations and places: the same as read from the database, also after a change."""

from __future__ import annotations

import pytest

from branches import register_rows
from branches.models import Organisation
from petitions import involvement
from petitions.enums import Status
from petitions.models import Petition
from petitions.rules import case_parts
from tests.support.cast import Stage
from tests.support.clients import counted, login


def _fresh(petition: Petition) -> Petition:
    return Petition.objects.get(pk=petition.pk)


def test_what_is_attached_equals_what_is_joined(stage: Stage) -> None:
    petition = stage.at(Status.ASSIGNED)
    attached = _fresh(petition)
    case_parts.attach([attached])
    joined = Petition.objects.with_parts().select_related("place", "grid").get(pk=petition.pk)
    with counted() as queries:
        for name in (*involvement.ORGANISATIONS, *case_parts.AREAS, "category"):
            one, other = getattr(attached, name), getattr(joined, name)
            assert one == other
            if one is not None:
                assert {f.attname: getattr(one, f.attname) for f in one._meta.concrete_fields} == {
                    f.attname: getattr(other, f.attname) for f in other._meta.concrete_fields
                }
    assert queries == []


def test_second_case_of_the_same_place_costs_no_query(stage: Stage) -> None:
    first, second = (_fresh(stage.file().petition) for _number in range(2))
    case_parts.attach([first])
    with counted() as queries:
        case_parts.attach([second])
    assert queries == []


def test_renamed_organisation_is_shown_by_the_next_request(stage: Stage) -> None:
    petition = stage.file().petition
    client = login(stage, "clerk")
    page = f"/petitions/{petition.pk}/"
    client.get(page)
    Organisation.objects.filter(pk=petition.organisation_id).update(short_name="新名支部")
    assert "新名支部" in client.get(page).content.decode()


def test_cache_is_bounded(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_rows, "MAX_ROWS", 2)
    for petition in (stage.file().petition, stage.at(Status.ASSIGNED)):
        attached = _fresh(petition)
        case_parts.attach([attached])
        assert attached.organisation.pk == petition.organisation_id
        assert attached.place.pk == petition.place_id
