"""Which companies are called besides the national emergency numbers."""

from __future__ import annotations

from config.lib import register_cache
from petitions.enums import Urgency
from petitions.models import Category
from petitions.rules import danger
from tests.support.cast import Stage

COMPANY = "0994-000-0777"
KINDS = {
    "楼道着火了": False,
    "楼道里有煤气味": True,
    "有人困在电梯里": True,
    "有人触电了": True,
    "墙要塌了": False,
    "老人晕倒了": False,
    "有人要跳楼": False,
    "楼下有人打架": False,
    "门口撞人了": False,
    "车陷在雪里": False,
    "我妈被骗了": False,
}


def test_a_company_is_called_about_lifts_gas_and_electricity_only(stage: Stage) -> None:
    Category.objects.update(emergency_phone="")
    for place, words in enumerate(KINDS):
        Category.objects.create(
            code=f"XX{place:02}", name=words, urgency=Urgency.EMERGENCY, emergency_phone=COMPANY
        )
    register_cache.forget_version()
    for words, is_called in KINDS.items():
        found = danger.find(None, words)
        assert found is not None
        assert (COMPANY in [line.number for line in found.numbers]) is is_called, words
