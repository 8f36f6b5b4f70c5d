"""A telephone number that the tracking code needs, and its deletion on the tracking page."""

from __future__ import annotations

from django.test import Client
from django.utils import timezone

from petitions.enums import Status
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
