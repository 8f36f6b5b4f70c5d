"""How words find cases: two Han characters suffice, and nothing typed can break the query."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from petitions import text_search
from petitions.models import Category, Petition
from tests.support.cast import Stage

TEXT = "3号楼2单元 water tank 水箱漏水，су жоқ，بۇ سۇ، VIP客户"


def test_tokens_are_characters_and_pairs() -> None:
    assert text_search.tokenize("水箱漏") == ["水", "箱", "漏", "水箱", "箱漏"]
    assert text_search.tokenize("A12 楼") == ["a12", "楼"]
    assert text_search.tokenize("，。！") == []


@pytest.mark.parametrize(
    "words",
    [
        "水箱", "漏水", "水箱漏水", "漏", "水", "WATER", "water 漏水", "tank", "су", "жоқ", "سۇ",
        "3号楼", "单元", "2单元", "vip客户", "水箱，漏水", "漏水 水箱", "  水箱  ",
    ],
)  # fmt: skip
def test_found(stage: Stage, words: str) -> None:
    petition = stage.file(text=TEXT).petition
    stage.file(text="路灯不亮", category=Category.objects.get(code="GV"))
    assert list(Petition.objects.matching(words)) == [petition]


@pytest.mark.parametrize("words", ["水漏", "箱水", "路障", "wat", "水箱 路灯", "tankk"])
def test_not_found(stage: Stage, words: str) -> None:
    stage.file(text=TEXT)
    stage.file(text="路灯不亮")
    assert not Petition.objects.matching(words).exists()


def test_place_and_category_are_found_too(stage: Stage) -> None:
    petition = stage.file().petition
    for words in ("阜兴花苑", "46号楼", "水质", "花苑46"):
        assert list(Petition.objects.matching(words)) == [petition], words


@pytest.mark.parametrize("words", ["", "   ", "！？", "'", "&|!()", "''''"])
def test_nothing_to_look_for_narrows_nothing(stage: Stage, words: str) -> None:
    stage.file()
    assert text_search.query(words) is None
    assert Petition.objects.matching(words).count() == 1


@pytest.mark.parametrize(
    "words",
    [
        "水' | '路", "水:*", "水 & !路", "'); DROP TABLE petitions_petition; --", "\\", "水\\'",
        "a' & 'b", "%水%", "<->水", "\x07水", "水" * 400, "x" * 5000, "2026-" + "9" * 40, "9" * 40,
    ],
)  # fmt: skip
def test_quoting(stage: Stage, words: str) -> None:
    stage.file(text="水箱")
    list(Petition.objects.matching(words))
    assert Petition.objects.count() == 1


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    words=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)
)
def test_no_typed_text_breaks_the_query(stage: Stage, words: str) -> None:
    list(Petition.objects.matching(words)[:1])


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    text=st.text("水箱漏楼灯路电梯暖气停气垃圾", min_size=2, max_size=12),
    start=st.integers(0, 10),
)
def test_any_two_neighbouring_characters_find_their_text(
    stage: Stage, text: str, start: int
) -> None:
    at = start % (len(text) - 1)
    petition = stage.file(text=text).petition
    assert petition in Petition.objects.matching(text[at : at + 2])
    assert petition in Petition.objects.matching(text)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("2026-000123", 123),
        (" 2026-000123 ", 123),
        ("000123", 123),
        ("2026-1234567", 1234567),
        ("123", None),
        ("46", None),
        ("2026-", None),
        ("水2026-000123", None),
        ("2026-00012x", None),
    ],
)
def test_numbers(typed: str, number: int | None) -> None:
    assert text_search.petition_id(typed) == number


def test_a_frequent_word_finds_what_a_rare_one_does(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [stage.file(text=TEXT).petition for _number in range(3)]
    stage.file(text="路灯不亮")
    for rare in (2, 3, 4):
        monkeypatch.setattr("petitions.models.petitions.RARE_WORD_LIMIT", rare)
        assert list(Petition.objects.matching("水箱").order_by("id")) == found, rare
        assert not Petition.objects.matching("鲲鹏").exists()
