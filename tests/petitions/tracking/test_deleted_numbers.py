"""A telephone number that the tracking code needs, and its deletion on the tracking page."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from petitions.enums import Status
from petitions.models import Contact
from petitions.workflow import contact
from tests.support.cast import PHONE, Stage, walk
from tests.support.tracking_client import open_case, post_form, send_feedback

NOW = timezone.now()
NUMBER_NEEDED = "删除电话后，凭查询码就不能再说"


def test_the_page_warns_before_a_number_is_deleted_that_the_code_needs(stage: Stage) -> None:
    logged, own = (
        walk(stage, stage.file(by=by, now=NOW).petition, Status.RESOLVED, NOW)
        for by in ("clerk", None)
    )
    client = Client()
    assert NUMBER_NEEDED in open_case(client, logged, PHONE[-4:])
    assert NUMBER_NEEDED not in open_case(Client(), own, PHONE[-4:])


def test_a_deleted_number_is_no_longer_given(stage: Stage) -> None:
    petition = walk(stage, stage.file(by="clerk", now=NOW).petition, Status.RESOLVED, NOW)
    client = Client()
    open_case(client, petition, PHONE[-4:])
    assert post_form(client, "/track/contact/", {"delete": "1"}).status_code == 302
    send_feedback(client, "confirm", petition, rating=5)
    petition.refresh_from_db()
    assert petition.status == Status.RESOLVED


@pytest.mark.parametrize("status", [Status.CLOSED, Status.WITHDRAWN, Status.DECLINED])
@pytest.mark.parametrize(("days", "is_over"), [(200, True), (170, False)])
def test_a_number_that_would_be_deleted_at_once_is_refused(
    stage: Stage, status: Status, days: int, is_over: bool
) -> None:
    petition = stage.at(status, now=NOW - dt.timedelta(days=days))
    contact.delete_expired(now=NOW)
    client = Client()
    page = open_case(client, petition, "" if is_over else PHONE[-4:])
    assert ("办完已经满180天" in page) is is_over
    assert ("/track/contact/" in page) is not is_over
    answer = post_form(client, "/track/contact/", {"phone": "19000005678", "name": "示例居民"})
    assert answer.status_code == (409 if is_over else 302)
    assert ("办完已经满180天" in answer.content.decode()) is is_over
    assert Contact.objects.filter(petition=petition).exists() is not is_over
    contact.delete_expired(now=NOW)
    assert Contact.objects.filter(petition=petition).exists() is not is_over
