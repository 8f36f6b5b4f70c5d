"""What is said of a danger, and whom to call."""

from __future__ import annotations

import itertools
import re

import pytest
from django.utils import translation

from config.lib import register_cache
from petitions.enums import Status, Urgency
from petitions.models import Category
from petitions.rules import danger
from petitions.rules.danger_words import KINDS
from tests.support.cast import Stage

STAYING = re.compile("陪着|留人|别走开|搬动|别离开")


def _advice(text: str) -> list[str]:
    found = danger.find(None, text)
    assert found is not None
    return [str(sentence) for sentence in found.advice]


def test_the_numbers_of_the_kind_come_first_and_the_others_stay(stage: Stage) -> None:
    found = danger.find(None, "老人触电昏迷")
    assert found is not None
    assert [kind.code for kind in found.kinds] == ["electricity", "injury"]
    assert [line.number for line in found.numbers] == ["120", "119"]
    assert [line.number for line in found.other_numbers] == ["110"]
    assert len(found.advice) == 2


def test_gas_in_the_words_brings_the_number_of_the_gas_category(stage: Stage) -> None:
    water = Category.objects.get(code="WS01")
    found = danger.find(water, "厨房有煤气味")
    assert found is not None
    assert [line.number for line in found.numbers] == ["0994-000-0119", "119"]
    assert danger.find(water, "水是黄的") is None


def test_a_sample_number_is_marked_and_stands_last(stage: Stage) -> None:
    phone = "119；燃气抢修 0994-5559119（示例号码）"
    Category.objects.filter(code="GS01").update(emergency_phone=phone)
    register_cache.forget_version()
    found = danger.find(Category.objects.get(code="GS01"))
    assert found is not None
    assert [(line.number, line.is_sample) for line in found.numbers] == [
        ("119", False),
        ("0994-5559119", True),
    ]
    assert found.numbers[1].name == "燃气抢修"


def test_an_urgency_without_words_brings_the_general_advice(stage: Stage) -> None:
    found = danger.find(None, urgency=Urgency.EMERGENCY)
    assert found is not None
    assert (found.kinds, found.numbers) == ((), ())
    assert [line.number for line in found.other_numbers] == ["119", "120", "110", "122"]


def test_a_case_that_ended_warns_no_more(stage: Stage) -> None:
    petition = stage.file(text="楼道着火了").petition
    assert danger.of_case(petition)
    petition.status = Status.CLOSED
    assert danger.of_case(petition) is None


@pytest.mark.parametrize(("text", "is_warned"), [("楼道着火了", True), ("他打人，拿刀", False)])
def test_neighbours_learn_only_of_what_concerns_the_building(
    stage: Stage, text: str, *, is_warned: bool
) -> None:
    petition = stage.file(text=text).petition
    assert danger.of_case(petition)
    assert bool(danger.of_case(petition, is_for_neighbours=True)) is is_warned


def test_a_danger_alone_tells_to_stay_with_the_sick(stage: Stage) -> None:
    assert _advice("老人晕倒了") == ["先打120，说清地址；别随便搬动病人，留人陪着。"]
    assert _advice("孩子从楼上掉下来") == _advice("老人晕倒了")


@pytest.mark.parametrize("text", ["着火了，有人晕倒", "一股煤气味，老人晕倒了"])
def test_leaving_a_room_wins_over_staying_with_the_sick(stage: Stage, text: str) -> None:
    first, second = _advice(text)
    assert first.startswith(("先离开", "先到外面"))
    assert second == "能带出来的人一起带出来；到外面打120，说清地址。"


@pytest.mark.parametrize(
    "text", ["触电昏迷", "房子塌了，有人受伤了", "有人落水，昏迷", "拿刀，昏迷"]
)
def test_nobody_is_sent_back_to_a_dangerous_place(stage: Stage, text: str) -> None:
    advice = _advice(text)
    assert advice[1] == "到安全的地方打120，说清地址。"
    assert "带出来" not in "".join(advice)


def test_no_two_dangers_give_advice_against_each_other() -> None:
    for size in (2, 3):
        for kinds in itertools.combinations(KINDS, size):
            advice = "\n".join(str(line) for line in danger.Danger(kinds, (), ()).advice)
            if any(kind.code in danger.PLACES for kind in kinds):
                assert not STAYING.search(advice), advice
            numbers = re.findall("1[12][0-9]", advice)
            assert len(numbers) == len(set(numbers)), advice


def test_the_number_for_the_sick_stands_before_that_of_the_gas_company(stage: Stage) -> None:
    found = danger.find(Category.objects.get(code="GS01"), "老人晕倒了")
    assert found is not None
    assert [line.number for line in found.numbers] == ["119", "120", "0994-000-0119"]


@pytest.mark.parametrize(("text", "is_shown"), [("煤气味", False), ("晕倒", False), ("车祸", True)])
def test_the_number_for_traffic_stands_by_accidents_only(
    stage: Stage, text: str, *, is_shown: bool
) -> None:
    found = danger.find(None, text)
    assert found is not None
    numbers = [line.number for line in (*found.numbers, *found.other_numbers)]
    assert ("122" in numbers) is is_shown
    assert len(numbers) == len(set(numbers))


def test_the_words_of_the_product_beside_numbers_are_translated() -> None:
    phone = "119（发生火情）；燃气抢修 0994-5559119（示例号码）；老王 0994-5551234（白天）"
    numbers = danger.category_numbers(Category(emergency_phone=phone))
    with translation.override("en"):
        shown = [(row.number, str(row.name), str(row.note), row.is_sample) for row in numbers]
    assert shown == [
        ("119", "", "in a fire", False),
        ("0994-5559119", "Gas repairs", "", True),
        ("0994-5551234", "老王", "白天", False),
    ]
