"""The history on the tracking page: who did and said what, and who may read it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial

import pytest
from django.test import Client
from django.utils import timezone

from petitions.enums import Outcome, Status
from petitions.models import Petition
from petitions.tracking import timeline
from petitions.workflow import escalation, handling, resolution, submission
from tests.support import task_steps
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


def test_each_step_names_the_organisation_that_did_it(stage: Stage) -> None:
    """The community's clerk and a department act in a case of the branch."""
    petition, clerk = task_steps.acknowledged(stage, now=NOW), stage.cast["clerk"]
    for name, words in (("clerk", "我们催过了"), ("department", "师傅明天到")):
        handling.note(petition=petition, by=stage.cast[name], now=NOW, body=words, is_public=True)
    escalation.escalate(petition=petition, by=clerk, now=NOW, reason="请街道协调")
    page = _page(petition)
    assert "迎宾路社区党委告诉您" in page
    assert f"{stage.town.orgs['water'].short_name}告诉您" in page
    assert "迎宾路社区党委已请阜新街道党工委协助" in page
    assert "第三网格党支部告诉您" not in page
    assert "第三网格党支部已受理" in page


def test_who_declines_for_another_organisation_is_named(stage: Stage) -> None:
    petition = stage.file(now=NOW).petition
    handling.decline(petition=petition, by=stage.cast["clerk"], now=NOW, reason="不在范围")
    page = _page(petition)
    assert "迎宾路社区党委没有受理" in page
    assert "第三网格党支部没有受理" not in page


def _answered(stage: Stage, outcome: Outcome) -> Petition:
    return resolution.resolve(
        petition=stage.at(Status.IN_PROGRESS, now=NOW),
        by=stage.cast["secretary"],
        now=NOW,
        outcome=outcome,
        cause="-",
        public_answer="已答复。",
    )


SOLVED, EXPLAINED = Outcome.RESOLVED, Outcome.NOT_FEASIBLE


@pytest.mark.parametrize(
    ("verb", "outcome", "words"),
    [
        (resolution.confirm, SOLVED, "您确认已解决"),
        (resolution.confirm, EXPLAINED, "您接受了说明"),
        (resolution.dispute, SOLVED, "您表示没有解决，重新办理"),
        (partial(resolution.dispute, is_partly=True), SOLVED, "您表示只解决了一部分，重新办理"),
        (resolution.dispute, EXPLAINED, "您不接受说明，已请迎宾路社区党委再看"),
    ],
)
@pytest.mark.parametrize("is_joined", [False, True])
def test_what_staff_recorded_names_them_and_what_the_resident_said_does_not(
    stage: Stage,
    verb: Callable[..., Petition],
    outcome: Outcome,
    words: str,
    *,
    is_joined: bool,
) -> None:
    clerk = stage.cast["clerk"]
    recorded, said = _answered(stage, outcome), _answered(stage, outcome)
    verb(petition=recorded, by=clerk, now=NOW)
    verb(petition=said, by=stage.petitioner(said), now=NOW)
    labels = [
        timeline.public_history(Petition.objects.get(pk=row.pk), NOW, is_joined=is_joined)
        .steps[0]
        .label
        for row in (recorded, said)
    ]
    assert labels[0] == f"迎宾路社区党委记录：{labels[1]}"
    if not is_joined:
        assert labels[1] == words


def test_staff_who_reopen_or_close_are_named(stage: Stage) -> None:
    clerk = stage.cast["clerk"]
    reopened, closed = stage.at(Status.RESOLVED, now=NOW), stage.at(Status.RESOLVED, now=NOW)
    resolution.reopen(petition=reopened, by=clerk, now=NOW, reason="又浑了")
    resolution.close(petition=closed, by=clerk, now=NOW, reason="问过")
    assert "迎宾路社区党委要求重新办理" in _page(reopened)
    assert "迎宾路社区党委回访后结案" in _page(closed)
