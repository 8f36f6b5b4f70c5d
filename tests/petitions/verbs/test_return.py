from __future__ import annotations

from typing import Any

from members.enums import MessageKind as K
from petitions.enums import Status, Verb
from petitions.models import Petition
from tests.support.cast import Stage
from tests.support.verb_cases import VerbQuestions


class TestReturn(VerbQuestions):
    verb = Verb.RETURN
    source, target = Status.SUBMITTED, Status.RETURNED
    elsewhere = Status.IN_PROGRESS
    told = {K.RETURNED: {"community", "clerk"}}

    def data(self, stage: Stage, petition: Petition) -> dict[str, Any]:
        return {
            "version": petition.version,
            "reason": "是供水主管道的问题",
            "proposed": stage.town.orgs["water"].pk,
        }

    def test_the_proposed_owner_is_kept(self, stage: Stage) -> None:
        petition, _answer = self.done(stage)
        assert self.last(petition).data["proposed"] == stage.town.orgs["water"].pk
