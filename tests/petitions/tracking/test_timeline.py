"""The history on the tracking page: who did and said what, and who may read it."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from petitions.enums import Status
from petitions.models import Petition
from petitions.workflow import resolution, submission
from tests.support.cast import Stage, walk
from tests.support.tracking_client import enter_code, fresh, open_case

__all__ = ["fresh"]  # a fixture

NOW = timezone.now()
REASON = "张三说三楼还是浑，打19000005678找他"


def _page(petition: Petition) -> str:
    return open_case(Client(), petition)


RECORDED: list[tuple[Callable[..., Petition], Status]] = [
    (resolution.dispute, Status.RESOLVED),
    (resolution.reopen, Status.RESOLVED),
    (resolution.reopen, Status.CLOSED),
    (resolution.withdraw, Status.IN_PROGRESS),
]


@pytest.mark.parametrize(("verb", "status"), RECORDED)
def test_who_joined_does_not_read_words_of_the_petitioner_that_staff_recorded(
    stage: Stage, verb: Callable[..., Petition], status: Status
) -> None:
    petition = stage.file(now=NOW).petition
    code = submission.me_too(petition=petition, key=uuid.uuid4(), now=NOW)
    petition = walk(stage, petition, status, NOW)
    verb(petition=petition, by=stage.cast["clerk"], now=NOW, reason=REASON)
    assert REASON in _page(petition)
    client = Client()
    enter_code(client, code, "")
    page = client.get("/track/case/").content.decode()
    assert 'class="steps__item' in page
    assert "张三" not in page
    assert "5678" not in page
