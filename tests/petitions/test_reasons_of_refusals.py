"""What people read who may not perform a verb on a returned case."""

from __future__ import annotations

import pytest

from petitions.enums import Status, Verb
from tests.support.cast import Stage
from tests.support.returned_cases import may, returned


@pytest.mark.parametrize(
    ("verb", "who", "reason"),
    [
        (Verb.REASSIGN, "secretary", "已退单，由迎宾路社区党委决定由谁办理。"),
        (Verb.ESCALATE, "secretary", "已退单，由迎宾路社区党委决定由谁办理。"),
        (Verb.RESOLVE, "clerk", "这一步由其他人办理。"),
        (Verb.ANSWER, "secretary", "这一步由其他人办理。"),
    ],
)
def test_only_what_the_arbiter_decides_names_the_arbiter(
    stage: Stage, verb: Verb, who: str, reason: str
) -> None:
    decision = may(verb, returned(stage), stage.cast[who])
    assert (decision.code, decision.reason) == ("wrong_actor", reason)


def test_a_case_that_is_not_returned_names_nobody(stage: Stage) -> None:
    decision = may(Verb.REASSIGN, stage.at(Status.ACCEPTED), stage.cast["outsider"])
    assert (decision.code, decision.reason) == ("wrong_actor", "这一步由其他人办理。")
