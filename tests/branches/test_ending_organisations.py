"""Ending an organisation in the admin: what it still holds is listed, and keeps it from ending."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from branches.enums import OpenCases
from branches.models import Organisation, Responsibility
from branches.workflow import end_organisation, end_responsibility
from config.lib import holdings
from members.models import Post
from members.workflow import end_post
from petitions.enums import Status
from petitions.workflow import escalation
from tests.support.cast import SINCE, Stage
from tests.support.clients import login
from tests.support.log_lines import last_line, lines

TODAY = timezone.localdate()


@pytest.fixture(autouse=True)
def _demo(settings: Settings) -> None:
    settings.DEMO = True  # without the second factor


@pytest.fixture
def system(stage: Stage) -> Client:
    """A browser of the system administrator."""
    return login(stage, "sysadmin")


def _counts(organisation: Organisation) -> dict[str, int]:
    return {item.code: item.count for item in holdings.of("organisation", organisation, TODAY)}


def _clear(stage: Stage, organisation: Organisation) -> None:
    """End posts and responsibilities of an organisation."""
    for post in Post.objects.filter(organisation=organisation):
        end_post(post=post, on=TODAY, by=stage.cast["secadmin"])
    for row in Responsibility.objects.filter(organisation=organisation):
        end_responsibility(responsibility=row, on=TODAY, open_cases=OpenCases.STAY)


def _url(organisation: Organisation) -> str:
    return reverse("admin:branches_organisation_end", args=[organisation.pk])


def _end(client: Client, organisation: Organisation, on: dt.date) -> dict[str, list[str]]:
    """Send the act as the page offers it; return the errors by field."""
    url = _url(organisation)
    sent = {"on": on.isoformat(), "seen": client.get(url).context["seen"], "end": "x"}
    answer = client.post(url, sent)
    organisation.refresh_from_db()
    return dict(answer.context["form"].errors) if answer.context else {}


def test_everything_an_organisation_holds_is_listed(stage: Stage) -> None:
    orgs = stage.town.orgs
    raised = stage.at(Status.IN_PROGRESS)
    escalation.escalate(
        petition=raised, by=stage.cast["secretary"], now=timezone.now(), reason="要换主管"
    )
    stage.at(Status.RESOLVED)
    stage.at(Status.CLOSED)
    branch = _counts(orgs["branch"])
    assert (branch["cases"], branch["organisations"], branch["responsibilities"]) == (2, 2, 2)
    assert branch["posts"] > 0
    assert _counts(orgs["yingbin"])["answers"] == 1
    assert "cases" not in _counts(orgs["water"])


def test_page_shows_what_remains_and_offers_no_button(stage: Stage, system: Client) -> None:
    stage.file()
    branch = stage.town.orgs["branch"]
    page = system.get(_url(branch)).content.decode()
    assert "1 件没有办完的诉求" in page
    assert "46号楼党小组" in page
    assert 'name="end"' not in page
    assert _end(system, branch, TODAY)["__all__"]
    assert branch.valid_to is None


@pytest.mark.parametrize(
    ("status", "is_refused"),
    [(Status.ASSIGNED, True), (Status.RESOLVED, True), (Status.CLOSED, False)],
)
def test_organisation_with_an_open_case_does_not_end(
    stage: Stage, status: Status, is_refused: bool
) -> None:
    stage.at(status)
    branch, groups = stage.town.orgs["branch"], ("group", "group2")
    for organisation in (*(stage.town.orgs[name] for name in groups), branch):
        _clear(stage, organisation)
    Organisation.objects.filter(pk__in=[stage.town.orgs[name].pk for name in groups]).update(
        valid_to=TODAY
    )
    if is_refused:
        with pytest.raises(ValidationError, match="1 件没有办完的诉求"):
            end_organisation(organisation=branch, on=TODAY)
    else:
        end_organisation(organisation=branch, on=TODAY)
    branch.refresh_from_db()
    assert (branch.valid_to is None) == is_refused


def test_organisation_without_holdings_ends_and_leaves_a_line(stage: Stage, system: Client) -> None:
    group, mark = stage.town.orgs["group2"], last_line()
    assert "职责" in str(_end(system, group, TODAY))
    _clear(stage, group)
    mark = last_line()
    assert list(_end(system, group, SINCE - dt.timedelta(days=1))) == ["on"]
    assert _end(system, group, TODAY) == {}
    assert group.valid_to == TODAY
    assert [(line.act, line.object) for line in lines(mark)] == [
        ("修改登记资料", f"组织 {group.name}")
    ]


def test_form_links_to_the_act_and_shows_no_path(stage: Stage, system: Client) -> None:
    group = stage.town.orgs["group2"]
    page = system.get(reverse("admin:branches_organisation_change", args=[group.pk]))
    assert _url(group) in page.content.decode()
    assert group.path not in page.content.decode()
    area = reverse("admin:grids_area_change", args=[group.area_id])
    assert group.area.path not in system.get(area).content.decode()
