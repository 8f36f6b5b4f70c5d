"""How words find cases: two Han characters suffice, and nothing typed can break the query."""

from __future__ import annotations

import pytest
from django.contrib.postgres.search import SearchVector
from django.db.models import Value
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
    ("typed", "ids", "full_number"),
    [
        ("2026-000123", [123], "2026-000123"),
        (" 2026-000123 ", [123], "2026-000123"),
        ("#2026-000123", [123], "2026-000123"),
        ("＃２０２６－０００１２３", [123], "2026-000123"),
        ("编号2026-000123", [123], "2026-000123"),
        ("编号：2026—000123", [123], "2026-000123"),
        ("No.2026-000123", [123], "2026-000123"),
        ("2026000123", [2026000123, 123], "2026-000123"),
        ("000123", [123], ""),
        ("2026-1234567", [1234567], "2026-1234567"),
        ("123", [123], ""),
        ("46", [46], ""),
        ("2026-", [], ""),
        ("水2026-000123", [], ""),
        ("2026-00012x", [], ""),
        ("2026-" + "9" * 40, [], ""),
    ],
)
def test_numbers(typed: str, ids: list[int], full_number: str) -> None:
    assert text_search.petition_ids(typed) == ids
    assert text_search.full_number(typed) == full_number


def test_digits_are_looked_up_as_number_and_as_word(stage: Stage) -> None:
    numbered = stage.file(text="路灯不亮").petition
    named = stage.file(text=f"回电 88991234，门牌{numbered.pk}").petition
    found = Petition.objects.matching
    assert set(found(str(numbered.pk))) == {numbered, named}
    for typed in ("88991234", "８８９９１２３４", "8899 1234", "8899-1234"):
        assert list(found(typed)) == [named], typed


@pytest.mark.parametrize("typed", ["４６号楼", "٤٦号楼", "阜兴花苑４６"])
def test_no_typed_character_is_dropped(stage: Stage, typed: str) -> None:
    petition = stage.file().petition
    stage.file(place=stage.town.areas["b47"])
    assert list(Petition.objects.matching(typed)) == [petition]


def test_a_text_in_full_width_is_found_and_so_is_one_stored_unfolded(stage: Stage) -> None:
    petition = stage.file(text="管道ＤＮ５０漏水，سۇ يوق").petition
    for typed in ("dn50", "ＤＮ５０", "سۇ", "سو"):
        assert list(Petition.objects.matching(typed)) == [petition], typed
    Petition.objects.update(search=SearchVector(Value("سۇ"), config="simple"))
    assert list(Petition.objects.matching("سۇ")) == [petition]


def test_every_term_of_a_long_text_counts(stage: Stage) -> None:
    text = "一楼二楼三楼四楼五楼六楼七楼八楼的水管都冻裂了"
    petition = stage.file(text=text).petition
    assert list(Petition.objects.matching(text)) == [petition]
    assert not Petition.objects.matching(f"{text}吗").exists()


@pytest.mark.parametrize(("typed", "symbols"), [("水🔥", "🔥"), ("🔥🔥", "🔥"), ("水，？ #", "")])
def test_what_cannot_be_searched_is_named(typed: str, symbols: str) -> None:
    assert text_search.unsearchable(typed) == symbols


def test_a_frequent_word_finds_what_a_rare_one_does(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [stage.file(text=TEXT).petition for _number in range(3)]
    stage.file(text="路灯不亮")
    for rare in (2, 3, 4):
        monkeypatch.setattr("petitions.models.petitions.RARE_WORD_LIMIT", rare)
        assert list(Petition.objects.matching("水箱").order_by("id")) == found, rare
        assert not Petition.objects.matching("鲲鹏").exists()
