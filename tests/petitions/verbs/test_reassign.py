from __future__ import annotations

from typing import Any

from members.enums import MessageKind as K
from petitions.enums import Actor, Status, Verb
from petitions.models import Petition
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.verb_cases import VerbQuestions


class TestReassign(VerbQuestions):
    verb = Verb.REASSIGN
    source, target = Status.RETURNED, Status.SUBMITTED
    by, actor, wrong = "clerk", Actor.COORDINATOR, "secretary"
    told = {K.TO_ACCEPT: {"community"}}

    def data(self, stage: Stage, petition: Petition) -> dict[str, Any]:
        return {
            "version": petition.version,
            "reason": "由社区统一联系供水公司",
            "organisation": stage.town.orgs["yingbin"].pk,
        }

    def test_an_organisation_out_of_reach_cannot_be_named(self, stage: Stage) -> None:
        petition = self.bring(stage)
        data = self.data(stage, petition) | {"organisation": stage.town.orgs["other"].pk}
        answer = login(stage, self.by).post(self.url(petition), data)
        assert answer.status_code == 400
        assert stage.town.orgs["other"].name not in answer.content.decode()
