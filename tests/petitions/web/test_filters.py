"""Every filter keeps exactly what it says, inside what the viewer may see."""

import datetime as dt
from urllib.parse import parse_qs

import pytest
from django.http import HttpRequest, QueryDict
from django.test import Client
from django.utils import timezone

from members.models import User
from petitions.enums import Status, Urgency
from petitions.models import Category, Petition
from petitions.web.filters import NAMED_FILTERS, PetitionFilter
from petitions.workflow import escalation
from tests.support.cast import Stage

NOW = timezone.now()
LONG_AGO = NOW - dt.timedelta(days=9)


def found(user: User, query: str) -> set[int]:
    request = HttpRequest()
    request.user = user
    cases = Petition.objects.visible_to(user)
    narrowed = PetitionFilter(QueryDict(query), cases, request=request, now=NOW)
    assert not narrowed.form.errors, parse_qs(query)
    return {case.pk for case in narrowed.qs}


def test_by_status_and_range(stage: Stage) -> None:
    clerk = stage.cast["clerk"]
    new, hand, done = (stage.at(s) for s in (Status.SUBMITTED, Status.IN_PROGRESS, Status.CLOSED))
    assert found(clerk, "state=open") == {new.pk, hand.pk}
    assert found(clerk, "state=closed") == {done.pk}
    assert found(clerk, "state=all") == {new.pk, hand.pk, done.pk}
    assert found(clerk, "status=submitted&status=closed") == {new.pk, done.pk}
    assert found(clerk, "") == {new.pk, hand.pk, done.pk}


def test_by_category_first_and_second_level(stage: Stage) -> None:
    clerk = stage.cast["clerk"]
    case = stage.at(Status.SUBMITTED)
    parent = Category.objects.get(code="WS01").parent
    assert found(clerk, "category=WS01") == {case.pk}
    if parent is not None:
        assert found(clerk, f"category={parent.code}") == {case.pk}
    assert found(clerk, "category=XX99") == set()


def test_by_where(stage: Stage) -> None:
    official = stage.cast["official"]
    here = stage.file().petition
    there = stage.file(place=stage.town.areas["b1"]).petition
    areas, orgs = stage.town.areas, stage.town.orgs
    assert found(official, f"community={areas['yingbin'].pk}") == {here.pk}
    assert found(official, f"grid={areas['d1'].pk}") == {there.pk}
    assert found(official, f"subdistrict={areas['fuxin'].pk}") == {here.pk, there.pk}
    assert found(official, f"place={areas['fxhy'].pk}") == {here.pk}
    assert found(official, f"place={areas['fuxin'].pk}") == {here.pk, there.pk}
    assert found(official, f"organisation={orgs['other'].pk}") == {there.pk}


def test_a_place_out_of_reach_is_no_way_in(stage: Stage) -> None:
    stage.file(place=stage.town.areas["b1"])
    clerk = stage.cast["clerk"]
    for query in (
        f"place={stage.town.areas['b1'].pk}",
        f"grid={stage.town.areas['d1'].pk}",
        "state=all",
    ):
        assert found(clerk, query) == set()


def test_by_day_filed(stage: Stage) -> None:
    clerk = stage.cast["clerk"]
    old, new = stage.file(now=LONG_AGO).petition, stage.file(now=NOW).petition
    today = timezone.localdate(NOW)
    assert found(clerk, f"filed_from={today}") == {new.pk}
    assert found(clerk, f"filed_to={today - dt.timedelta(days=1)}") == {old.pk}
    assert found(clerk, f"filed_from={today}&filed_to={today}") == {new.pk}
    assert found(clerk, "filed_to=9999-12-31") == {old.pk, new.pk}


def test_by_urgency_and_channel(stage: Stage) -> None:
    clerk = stage.cast["clerk"]
    case = stage.file(urgency=Urgency.COMPLEX).petition
    stage.file()
    assert found(clerk, "urgency=complex&urgency=suggestion") == {case.pk}
    assert found(clerk, "channel=desk") == set()
    assert len(found(clerk, "channel=qr")) == 2


def test_by_words_two_characters_suffice(stage: Stage) -> None:
    clerk = stage.cast["clerk"]
    case = stage.file(text="三单元门口路灯不亮").petition
    stage.file()
    assert found(clerk, "q=路灯") == {case.pk}
    assert found(clerk, f"q={case.number}") == {case.pk}
    assert len(found(clerk, "q=阜兴花苑46")) == 2
    assert found(clerk, "q=？！") == set()


def test_clocks(stage: Stage) -> None:
    clerk = stage.cast["clerk"]
    late, fresh = stage.file(now=LONG_AGO).petition, stage.file(now=NOW).petition
    soon = stage.file(now=NOW).petition
    Petition.objects.filter(pk=soon.pk).update(soon_at=NOW, due_at=NOW + dt.timedelta(minutes=1))
    assert found(clerk, "overdue=1") == {late.pk}
    assert found(clerk, "due_soon=1") == {soon.pk}
    assert fresh.pk in found(clerk, "to_accept=true")


def test_relations_to_the_viewer(stage: Stage) -> None:
    cast = stage.cast
    case = stage.at(Status.IN_PROGRESS, now=NOW)
    back = stage.at(Status.RETURNED, now=NOW)
    asked = stage.at(Status.RESOLVED, now=NOW)
    escalation.escalate(petition=case, by=cast["secretary"], now=NOW, reason="要换管")
    assert found(cast["community"], "waiting=1") == {case.pk}
    assert found(cast["official"], "waiting=1") == set()
    assert found(cast["official"], "escalated=1") == {case.pk}
    assert found(cast["secretary"], "mine=1") == {case.pk}  # the one returned is with its arbiter
    assert found(cast["clerk"], "returned=1") == {back.pk}
    assert found(cast["clerk"], "to_confirm=1") == {asked.pk}


@pytest.mark.parametrize("name", NAMED_FILTERS)
def test_every_flag_may_be_left_out_or_no(stage: Stage, name: str) -> None:
    case = stage.file().petition
    for query in ("", f"{name}=", f"{name}=0", f"{name}=false"):
        assert found(stage.cast["clerk"], query) == {case.pk}


@pytest.mark.parametrize(
    "query",
    [
        "status=nonsense",
        "overdue=perhaps",
        "community=abc",
        "community=99999999999999999999999",
        "place=-1",
        "filed_from=yesterday",
        "state=half",
        "channel=pigeon",
        "q=" + "水" * 101,
    ],
)
def test_nonsense_is_named(stage: Stage, query: str) -> None:
    request = HttpRequest()
    request.user = stage.cast["clerk"]
    cases = Petition.objects.visible_to(request.user)
    narrowed = PetitionFilter(QueryDict(query), cases, request=request)
    assert list(narrowed.form.errors) == [query.partition("=")[0]]
    list(narrowed.qs)


def test_an_end_before_its_beginning_is_named_at_its_field(stage: Stage) -> None:
    page, said = Client(), "这一天早于开始日期"
    page.force_login(stage.cast["clerk"])
    text = page.get("/petitions/?filed_from=2026-03-10&filed_to=2026-03-09").content.decode()
    assert text.count(said) == 2  # above all, and at the field
    assert text.count('value="2026-03-10"') == text.count('value="2026-03-09"') == 1
    text = page.get("/petitions/?filed_from=2026-03-10&filed_to=2026-03-10").content.decode()
    assert said not in text


def test_one_condition_asks_no_distinct(stage: Stage) -> None:
    request = HttpRequest()
    request.user = stage.cast["clerk"]
    cases = Petition.objects.visible_to(request.user)
    narrowed = PetitionFilter(QueryDict("status=submitted&urgency=urgent"), cases, request=request)
    assert "DISTINCT" not in str(narrowed.qs.query)
