"""The forms of typed values: examples of each, and what holds for any text."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.lib import text_forms

FORMS = (
    text_forms.fold_characters,
    text_forms.fold_telephone,
    text_forms.fold_code,
    text_forms.fold_number,
    text_forms.fold_user_name,
    text_forms.fold_search_text,
    text_forms.clean_text,
    text_forms.clean_line,
)
FORM_IDS = [form.__name__ for form in FORMS]


@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
@given(text=st.text())
def test_folding_twice_changes_nothing(form: Callable[[str], str], text: str) -> None:
    assert form(form(text)) == form(text)


@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
@given(text=st.text())
def test_no_form_keeps_controls_or_direction_overrides(
    form: Callable[[str], str], text: str
) -> None:
    if form is text_forms.fold_characters:
        return
    kept = {c for c in form(text) if unicodedata.category(c) == "Cc"} - {"\n"}
    assert kept == set() or form is text_forms.fold_telephone
    assert not set(form(text)) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("13900001234", "13900001234"),
        ("１３９００００１２３４", "13900001234"),
        ("١٣٩٠٠٠٠١٢٣٤", "13900001234"),
        ("۱۳۹۰۰۰۰۱۲۳۴", "13900001234"),
        ("+86 139 0000 1234", "13900001234"),
        ("＋８６－１３９－００００－１２３４", "13900001234"),
        ("008613900001234", "13900001234"),
        ("8613900001234", "13900001234"),
        ("013900001234", "13900001234"),
        ("139.0000.1234", "13900001234"),
        ("139—0000–1234", "13900001234"),
        ("\u202a139\u200b0000\u00ad1234\u202c", "13900001234"),
        ("tel:+86-139-0000-1234", "13900001234"),
        ("0994-5550000", "09945550000"),
        ("（0994）555 0000", "09945550000"),
        ("+86 994 5550000", "09945550000"),
        ("+86 (0)994 5550000", "09945550000"),
        ("+86 10 12345678", "01012345678"),
        ("+86 400 888 9999", "4008889999"),
        ("5550000", "5550000"),
        ("+7 701 555 00 00", "+77015550000"),
        ("007 701 555 00 00", "+77015550000"),
        ("", ""),
    ],
)
def test_telephone(typed: str, folded: str) -> None:
    assert text_forms.fold_telephone(typed) == folded
    assert text_forms.is_telephone(folded) or not folded


@pytest.mark.parametrize(
    "typed",
    ["139000012", "139000012345", "+86 1390000123", "12345", "电话没有", "1" * 16, "55-x0000"],
)
def test_what_is_no_telephone(typed: str) -> None:
    assert not text_forms.is_telephone(text_forms.fold_telephone(typed))


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("1234", "1234"),
        ("１２３４", "1234"),
        ("١٢٣٤", "1234"),
        (" 1 2 3 4 ", "1234"),
        ("139 0000 1234", "1234"),
        ("+8613900001234", "1234"),
        ("138****1234", "1234"),
        ("***1234", "1234"),
        ("", ""),
        (" \u200e", ""),
        ("123", None),
        ("12345", None),
        ("****", None),
        ("12a4", None),
    ],
)
def test_last_four_digits(typed: str, digits: str | None) -> None:
    assert text_forms.last_four_digits(typed) == digits


def test_every_four_digits_stay_as_they_are() -> None:
    for number in range(10_000):
        assert text_forms.last_four_digits(f"{number:04d}") == f"{number:04d}"


@pytest.mark.parametrize(
    "typed",
    [
        "abcd-efgh-jkmn",
        "ＡＢＣＤ－ＥＦＧＨ－ＪＫＭＮ",
        "ABCD/EFGH／JKMN",
        "ABCD EFGH  JKMN",
        "ABCDEFGH--JKMN",
        "_ABCD_EFGH_JKMN_",
        "\u200eABCD\u2011EFGH\u2212JKMN\u200e",
        "АВCD-ЕFGН-JКМN",
    ],
)
def test_code(typed: str) -> None:
    assert text_forms.fold_code(typed) == "ABCDEFGHJKMN"


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("２０２６－００１５１３", "2026-001513"),
        (" ٤٦ ", "46"),
        ("\u22121", "-1"),
        ("GD 12\r\n34", "GD1234"),
    ],
)
def test_number(typed: str, folded: str) -> None:
    assert text_forms.fold_number(typed) == folded


@pytest.mark.parametrize(
    "typed", ["DEPARTMENT", "Ｄｅｐａｒｔｍｅｎｔ", " department ", "depart\u200bment\u200e"]
)
def test_user_name(typed: str) -> None:
    assert text_forms.fold_user_name(typed) == "department"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("ئوت كەتتى", "اوت كهتتي"),
        ("سۈت", "سۇت"),
        ("تېلېفون", "تيليفون"),
        ("ءۇي", "ۇي"),
        ("كـــۈن", "كۈن"),
        ("بۇگىن", "بۇگين"),
        ("٤٦号楼", "46号楼"),
        ("Ｗater  \u200bＰipe", "water pipe"),
    ],
)
def test_search_text_merges_spellings(typed: str, stored: str) -> None:
    expected = text_forms.fold_search_text(stored)
    if typed.startswith("ئ"):
        expected = expected.removeprefix("ا")  # the carrier is dropped, an alef stays
    assert text_forms.fold_search_text(typed) == expected


def test_search_text_keeps_letters_that_differ() -> None:
    words = ["گاز", "كاز", "غاز", "قاز", "چاز", "پاز"]
    assert len({text_forms.fold_search_text(word) for word in words}) == len(words)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("水\r\n浑\r了", "水\n浑\n了"),
        ("a\u2028b\u0085c\x0bd", "a\nb\nc\nd"),
        ("a\x00\x07b\tc", "ab c"),
        ("ab\u202edc\u202c", "abdc"),
        ("\ufeffe\u0301", "\u00e9"),
        ("\ufedb\u06c8\ufee6", "\u0643\u06c8\u0646"),
        ("１３９号ＡＢ", "１３９号ＡＢ"),
        ("می\u200cروم", "می\u200cروم"),
    ],
)
def test_free_text(typed: str, stored: str) -> None:
    assert text_forms.clean_text(typed) == stored


def test_line_has_no_line_end() -> None:
    assert text_forms.clean_line(" a\r\n\r\nb  c ") == "a b c"


@pytest.mark.parametrize(
    "text",
    ["", " \n", "\u200b\u200b", "\u200e\u202e", "\u00ad", "\u0301", "\u3164\u2800", "\ufe0f"],
)
def test_invisible_text(text: str) -> None:
    assert not text_forms.has_visible_character(text)


@pytest.mark.parametrize("text", ["水", "a", "ئ", "？", "🔥", " \u200b1"])
def test_visible_text(text: str) -> None:
    assert text_forms.has_visible_character(text)


def test_any_number_of_country_codes_is_removed() -> None:
    assert text_forms.fold_telephone("0086" * 1500 + "13911112222") == "13911112222"
