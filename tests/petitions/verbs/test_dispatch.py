from __future__ import annotations

from typing import Any

from members.enums import MessageKind as K
from petitions.enums import Status, Verb
from petitions.models import Petition
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.verb_cases import VerbQuestions


class TestDispatch(VerbQuestions):
    verb = Verb.DISPATCH
    source, target = Status.ACCEPTED, Status.ASSIGNED
    told = {K.ASSIGNED: {"leader", "member"}}

    def data(self, stage: Stage, petition: Petition) -> dict[str, Any]:
        return {
            "version": petition.version,
            "group": stage.town.orgs["group"].pk,
            "users": [stage.cast["member"].pk],
            "instruction": "今天上门看看",
        }

    def test_the_group_of_the_building_is_proposed(self, stage: Stage) -> None:
        petition = self.bring(stage)
        page = login(stage, self.by).get(self.url(petition)).content.decode()
        assert f'value="{stage.town.orgs["group"].pk}" selected' in page

    def test_a_group_of_another_branch_cannot_be_named(self, stage: Stage) -> None:
        petition = self.bring(stage)
        data = {"version": petition.version, "group": stage.town.orgs["other"].pk}
        assert login(stage, self.by).post(self.url(petition), data).status_code == 400

    def test_somebody_must_be_named(self, stage: Stage) -> None:
        petition = self.bring(stage)
        answer = login(stage, self.by).post(self.url(petition), {"version": petition.version})
        assert answer.status_code == 400
