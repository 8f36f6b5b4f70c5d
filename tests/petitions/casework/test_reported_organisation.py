"""A case about an organisation names it to staff who see the case and to who reported it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from petitions.models import Event, Petition
from petitions.web.session_keys import TRACKED
from tests.petitions.intake.test_desk import DESK, filled
from tests.support.cast import Stage
from tests.support.clients import counted, login
from tests.support.report_client import Resident
from tests.support.tracking_client import open_case

NOW = timezone.now()
TO_STAFF = "反映的是：第三网格党支部（它看不到这件事，请不要转给它）"
TO_RESIDENT = "反映的是：第三网格党支部（它看不到这件事）"


def _about_branch(stage: Stage) -> Petition:
    return stage.file(about=stage.town.orgs["branch"], now=NOW).petition


@pytest.mark.parametrize("path", ["", "print/"])
def test_case_page_and_print_name_the_organisation(stage: Stage, path: str) -> None:
    url = _about_branch(stage).get_absolute_url() + path
    assert TO_STAFF in login(stage, "community").get(url).content.decode()
    assert login(stage, "secretary").get(url).status_code == 404


@pytest.mark.parametrize("path", ["", "print/"])
def test_other_cases_name_none(stage: Stage, path: str) -> None:
    url = stage.file().petition.get_absolute_url() + path
    assert "反映的是：" not in login(stage, "community").get(url).content.decode()


def test_the_tracking_page_names_the_organisation_to_who_reported_it(
    client: Client, stage: Stage
) -> None:
    assert TO_RESIDENT in open_case(client, _about_branch(stage))
    assert "反映的是" not in open_case(Client(), stage.file().petition)


def test_a_tracking_session_of_a_neighbour_does_not_name_it(client: Client, stage: Stage) -> None:
    petition = _about_branch(stage)
    until = (timezone.now() + dt.timedelta(minutes=5)).isoformat()
    session = client.session
    session[TRACKED] = [petition.pk, True, until, False]
    session.save()
    page = client.get("/track/case/")
    assert page.status_code == 200
    assert "它看不到这件事" not in page.content.decode()


def test_the_receipt_names_the_organisation(client: Client, stage: Stage) -> None:
    resident = Resident(client, stage)
    resident.choose_place()
    resident.choose_category()
    resident.write_report(about=str(stage.town.orgs["branch"].pk))
    resident.enter_contact()
    resident.submit(client.get("/report/check/"))
    page = client.get("/report/receipt/").content.decode()
    assert "第三网格党支部（它看不到这件事）" in page


def test_the_slip_names_the_organisation(stage: Stage) -> None:
    client = login(stage, "clerk")
    url = client.post(DESK, filled(stage, about=stage.town.orgs["branch"].pk)).url
    assert TO_RESIDENT in client.get(url).content.decode()


def test_lists_and_events_do_not_name_the_organisation(stage: Stage) -> None:
    petition = _about_branch(stage)
    client = login(stage, "community")
    for url in ("/petitions/", "/home/"):
        page = client.get(url).content.decode()
        assert petition.number in page
        assert "第三网格党支部" not in page
    branch = stage.town.orgs["branch"].pk
    for event in Event.objects.filter(petition=petition):
        assert branch not in event.data.values()


def test_the_name_takes_no_query(stage: Stage) -> None:
    client = login(stage, "community")
    costs = []
    for petition in (stage.file().petition, _about_branch(stage)):
        client.get(petition.get_absolute_url())
        with counted() as queries:
            client.get(petition.get_absolute_url())
        costs.append(len(queries))
    assert costs[1] <= costs[0]
