"""One entry per verb that staff or programs perform: how a test performs it and what must follow.

Every entry is put to the shared tests in tests/petitions/verbs/test_every_verb.py,
tests/petitions/api/test_api_verbs.py and tests/test_queries.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils import timezone

from members.enums import MessageKind
from petitions.enums import Actor, Status, Verb
from petitions.models import Event, Petition
from petitions.rules.contacts import ContactDetails
from petitions.workflow import escalation
from tests.support import task_steps
from tests.support.api_client import Program, upload
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.pictures import jpeg

Data = dict[str, Any]
Make = Callable[[Stage], Data]
K, S = MessageKind, Status
REASON = {"reason": "说明"}
OTHER_WAY = {"way": "other", "other_way": "请联系人民调解委员会"}
DONE = {"outcome": "done", "text": "立管已更换。"}
ANSWER = {"outcome": "resolved", "cause": "老旧铁管", "public_answer": "已更换楼内铁管。"}


@dataclass(frozen=True, kw_only=True)
class VerbCase:
    """How a test performs a verb.

    source, target: status before and after; without a target the status stays.
    by, actor: who of the cast performs it, and what that person is to the case.
    refused: somebody who sees the case but may not perform the verb.
    form, body: what the page and the API send, apart from version and photos.
    notified: who gets which message.
    prepare: brings a new case to where the verb can be performed.
    prepare_wrong: brings one to where it cannot, which the API answers with `wrong_code`.
    """

    verb: Verb
    source: Status
    target: Status | None = None
    by: str = "secretary"
    actor: Actor = Actor.HANDLER
    refused: str = "leader"
    form: Data | Make = field(default_factory=dict)
    body: Data | Make = field(default_factory=dict)
    has_photos: bool = False
    notified: dict[MessageKind, set[str]] = field(default_factory=dict)
    prepare: Callable[[Stage], Petition] | None = None
    wrong_status: Status = S.WITHDRAWN
    prepare_wrong: Callable[[Stage], Petition] | None = None
    wrong_code: str = "wrong_state"

    def case(self, stage: Stage) -> Petition:
        """Return a new case on which the verb can be performed."""
        return self.prepare(stage) if self.prepare else stage.at(self.source)

    def wrong_case(self, stage: Stage) -> Petition:
        """Return a new case on which the verb cannot be performed now."""
        return self.prepare_wrong(stage) if self.prepare_wrong else stage.at(self.wrong_status)

    def form_data(self, stage: Stage, petition: Petition) -> Data:
        """Return what the page of the verb sends; a form without a key ignores it."""
        data = _data(self.form, stage) | {"version": petition.version, "key": str(uuid.uuid4())}
        return data | {"photos": [jpeg("a.jpg"), jpeg("b.jpg")]} if self.has_photos else data

    def send(self, program: Program, stage: Stage, petition: Petition, **headers: str) -> Any:
        """Perform the verb by the API and return the response."""
        path = f"/petitions/{petition.pk}/{self.verb}/"
        if self.has_photos:
            photo = upload(jpeg("a.jpg").read())
            return program.send(path, {"photos": [photo]}, **headers)
        return program.post(path, _data(self.body, stage), **headers)


def _data(source: Data | Make, stage: Stage) -> Data:
    return dict(source(stage) if callable(source) else source)


def _dispatch(stage: Stage) -> Data:
    users = [stage.cast["member"].pk]
    return {"group": stage.town.orgs["group"].pk, "users": users, "instruction": "今天上门看看"}


def _doors(stage: Stage) -> Data:
    door = {"entrance": 1, "floor": 1, "door": 1, "result": "affected"}
    return {"building": stage.town.building.pk, "doors": [door, door | {"door": 2}]}


def _return(stage: Stage) -> Data:
    return {"reason": "是供水主管道的问题", "proposed": stage.town.orgs["water"].pk}


def _reassign(stage: Stage) -> Data:
    return {"reason": "由社区统一联系供水公司", "organisation": stage.town.orgs["yingbin"].pk}


def escalated(stage: Stage) -> Petition:
    """Return a case that waits for the answer of the community."""
    secretary, now = stage.cast["secretary"], timezone.now()
    petition = stage.at(S.IN_PROGRESS)
    return escalation.escalate(petition=petition, by=secretary, now=now, reason="需要资金")


def _answered(stage: Stage) -> Petition:
    petition, community = escalated(stage), stage.cast["community"]
    now = timezone.now()
    return escalation.answer(
        petition=petition, by=community, now=now, kind="resources", text="可以"
    )


def _without_contact(stage: Stage) -> Petition:
    return stage.at(S.IN_PROGRESS, contact=ContactDetails())


VERB_CASES = (
    VerbCase(verb=Verb.ACCEPT, source=S.SUBMITTED, target=S.ACCEPTED),
    VerbCase(
        verb=Verb.DECLINE,
        source=S.SUBMITTED,
        target=S.DECLINED,
        form={"reason": "不在本社区范围。", "way": "hotline"},
        body=REASON,
        wrong_status=S.ACCEPTED,
    ),
    VerbCase(
        verb=Verb.REDIRECT,
        source=S.ACCEPTED,
        target=S.REDIRECTED,
        form={"reason": "属于民事纠纷。"} | OTHER_WAY,
        body=REASON,
    ),
    VerbCase(
        verb=Verb.DISPATCH,
        source=S.ACCEPTED,
        target=S.ASSIGNED,
        form=_dispatch,
        body=_dispatch,
        notified={K.ASSIGNED: {"leader", "member"}},
    ),
    VerbCase(verb=Verb.START, source=S.ACCEPTED, target=S.IN_PROGRESS),
    VerbCase(
        verb=Verb.VISIT,
        source=S.ASSIGNED,
        target=S.IN_PROGRESS,
        refused="clerk",
        form={"d-1-1-1": "affected", "d-1-1-2": "no_answer"},
        body=_doors,
    ),
    VerbCase(
        verb=Verb.NOTE,
        source=S.IN_PROGRESS,
        by="clerk",
        actor=Actor.COORDINATOR,
        refused="city",
        form={"body": "已联系供水公司"},
        body={"body": "已电话联系", "is_public": True},
        notified={K.NOTE: {"secretary"}},
    ),
    VerbCase(verb=Verb.PHOTO, source=S.IN_PROGRESS, refused="city", has_photos=True),
    VerbCase(
        verb=Verb.RESOLVE,
        source=S.IN_PROGRESS,
        target=S.RESOLVED,
        form=ANSWER | {"step": "send"},
        body=ANSWER,
    ),
    VerbCase(
        verb=Verb.CONFIRM,
        source=S.RESOLVED,
        target=S.CLOSED,
        by="clerk",
        actor=Actor.COORDINATOR,
        refused="secretary",
        form={"rating": "4"},
        body={"rating": 4},
        notified={K.CLOSED: {"secretary"}},
        wrong_status=S.IN_PROGRESS,
    ),
    VerbCase(
        verb=Verb.DISPUTE,
        source=S.RESOLVED,
        target=S.REOPENED,
        by="clerk",
        actor=Actor.COORDINATOR,
        refused="secretary",
        form={"reason": "还是浑", "is_partly": "on"},
        body={"reason": "还是浑", "is_partly": True},
        notified={K.REOPENED: {"secretary"}},
        wrong_status=S.IN_PROGRESS,
    ),
    VerbCase(
        verb=Verb.CLOSE,
        source=S.RESOLVED,
        target=S.CLOSED,
        by="clerk",
        actor=Actor.COORDINATOR,
        refused="secretary",
        form={"reason": "三次未接通"},
        body=REASON,
        notified={K.CLOSED: {"secretary"}},
        wrong_status=S.IN_PROGRESS,
    ),
    VerbCase(
        verb=Verb.REOPEN,
        source=S.CLOSED,
        target=S.REOPENED,
        by="clerk",
        actor=Actor.COORDINATOR,
        refused="secretary",
        form={"reason": "又发浑了"},
        body=REASON,
        notified={K.REOPENED: {"secretary"}},
        wrong_status=S.IN_PROGRESS,
    ),
    VerbCase(
        verb=Verb.RETURN,
        source=S.SUBMITTED,
        target=S.RETURNED,
        form=_return,
        body=_return,
        notified={K.RETURNED: {"community", "clerk"}},
        wrong_status=S.IN_PROGRESS,
    ),
    VerbCase(
        verb=Verb.REASSIGN,
        source=S.RETURNED,
        target=S.SUBMITTED,
        by="clerk",
        actor=Actor.ARBITER,
        refused="secretary",
        form=_reassign,
        body=_reassign,
        notified={K.TO_ACCEPT: {"community"}},
    ),
    VerbCase(
        verb=Verb.ESCALATE,
        source=S.IN_PROGRESS,
        form={"reason": "换立管需要资金"},
        body=REASON,
        notified={K.ESCALATED: {"community"}},
    ),
    VerbCase(
        verb=Verb.ANSWER,
        source=S.IN_PROGRESS,
        by="community",
        actor=Actor.SUPERVISOR,
        refused="secretary",
        form={"kind": "resources", "text": "已联系资金"},
        body={"kind": "resources", "text": "同意"},
        notified={K.ANSWERED: {"secretary"}},
        prepare=escalated,
        prepare_wrong=_answered,
        wrong_code="nothing_to_answer",
    ),
    VerbCase(
        verb=Verb.WITHDRAW,
        source=S.IN_PROGRESS,
        target=S.WITHDRAWN,
        by="clerk",
        actor=Actor.COORDINATOR,
        refused="secretary",
        form={"reason": "居民来电说不用办了"},
        body=REASON,
        notified={K.CLOSED: {"secretary"}},
        wrong_status=S.CLOSED,
    ),
    VerbCase(
        verb=Verb.REVEAL,
        source=S.IN_PROGRESS,
        form={"reason": "约定上门时间"},
        body={"reason": "约定上门时间"},
        prepare_wrong=_without_contact,
        wrong_code="no_contact",
    ),
    VerbCase(
        verb=Verb.ACKNOWLEDGE,
        source=S.IN_PROGRESS,
        by="department",
        actor=Actor.DEPARTMENT,
        refused="community",
        prepare=task_steps.ordered,
        prepare_wrong=task_steps.acknowledged,
        wrong_code="no_task",
    ),
    VerbCase(
        verb=Verb.CONCLUDE,
        source=S.IN_PROGRESS,
        by="department",
        actor=Actor.DEPARTMENT,
        refused="community",
        form=DONE,
        body=DONE,
        notified={K.CONCLUDED: {"community", "secretary"}},
        prepare=task_steps.acknowledged,
        prepare_wrong=task_steps.concluded,
        wrong_code="no_task",
    ),
    VerbCase(
        verb=Verb.HAND_BACK,
        source=S.IN_PROGRESS,
        by="department",
        actor=Actor.DEPARTMENT,
        refused="secretary",
        form={"reason": "是热力公司的管", "proposed": ""},
        body=REASON,
        notified={K.HANDED_BACK: {"community"}},
        prepare=task_steps.ordered,
        prepare_wrong=task_steps.concluded,
        wrong_code="no_task",
    ),
    VerbCase(
        verb=Verb.CANCEL,
        source=S.IN_PROGRESS,
        by="community",
        actor=Actor.ORDERER,
        refused="department",
        form=REASON,
        body=REASON,
        notified={K.CANCELLED: {"department"}},
        prepare=task_steps.ordered,
        prepare_wrong=task_steps.concluded,
        wrong_code="no_task",
    ),
    VerbCase(
        verb=Verb.SEND_AGAIN,
        source=S.IN_PROGRESS,
        by="community",
        actor=Actor.ORDERER,
        refused="official",
        form={"text": "请换立管", "department": "", "days": "2"},
        body={"text": "请换立管", "within_minutes": 600},
        notified={K.ASSIGNED: {"department"}},
        prepare=task_steps.handed_back,
        prepare_wrong=task_steps.ordered,
        wrong_code="no_task",
    ),
)

CASE_OF: dict[Verb, VerbCase] = {case.verb: case for case in VERB_CASES}


def url_of(petition: Petition, verb: Verb) -> str:
    """Return the address of the page of a verb."""
    return reverse(f"petitions:{verb}", args=[petition.pk])


def post(
    stage: Stage, petition: Petition, verb: Verb, data: Data | None = None, **changes: Any
) -> Any:
    """Send `data`, by default what the table says with some changes, and return the response."""
    case = CASE_OF[verb]
    sent = case.form_data(stage, petition) | changes if data is None else data
    return login(stage, case.by).post(url_of(petition, verb), sent)


def perform(stage: Stage, verb: Verb, **changes: Any) -> Petition:
    """Perform a verb by its page on a new case and return the case afterwards."""
    petition = CASE_OF[verb].case(stage)
    response = post(stage, petition, verb, **changes)
    after = Petition.objects.get(pk=petition.pk)
    assert after.version == petition.version + 1, response.content.decode()[:4000]
    return after


def latest_event(petition: Petition) -> Event:
    """Return the newest event of a case."""
    return petition.events.select_related("petition", "organisation").latest("version")
