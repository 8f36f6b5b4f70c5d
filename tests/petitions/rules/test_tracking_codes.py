"""Tracking codes: easy for the resident who has one, useless for a guesser."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from petitions.models import Contact, Petition
from petitions.rules import tracking_codes
from tests.support.cast import Stage

ONE = uuid.UUID("00000000-0000-4000-8000-000000000001")
OTHER = uuid.UUID("00000000-0000-4000-8000-000000000002")
SPOKEN = "ILOUilou"


@given(st.uuids())
def test_twelve_characters_without_look_alikes(case: uuid.UUID) -> None:
    code = tracking_codes.code_for(case)
    assert len(code) == 12
    assert set(code) <= set(tracking_codes.ALPHABET)
    assert not set(code) & set("ILOU")


@given(st.uuids())
def test_derived_and_therefore_the_same_each_time(case: uuid.UUID) -> None:
    assert tracking_codes.code_for(case) == tracking_codes.code_for(case)


@given(st.lists(st.uuids(), unique=True, min_size=2, max_size=50))
def test_two_cases_never_share_a_code_in_practice(cases: list[uuid.UUID]) -> None:
    assert len({tracking_codes.code_for(case) for case in cases}) == len(cases)


def test_every_character_carries_all_its_bits() -> None:
    seen = [set[str]() for _place in range(tracking_codes.LENGTH)]
    for number in range(2000):
        for place, character in enumerate(tracking_codes.code_for(uuid.UUID(int=number))):
            seen[place].add(character)
    assert all(found == set(tracking_codes.ALPHABET) for found in seen)


def test_another_secret_makes_another_code_and_hash(settings: Settings) -> None:
    code, kept = tracking_codes.code_for(ONE), tracking_codes.code_hash("0123456789AB")
    settings.TRACKING_SECRET = "another secret of the tests"
    assert tracking_codes.code_for(ONE) != code
    assert tracking_codes.code_hash("0123456789AB") != kept


def test_change_of_the_site_key_leaves_codes_alone(settings: Settings) -> None:
    settings.TRACKING_SECRET = "stays"
    code = tracking_codes.code_for(ONE)
    settings.SECRET_KEY = "changed"
    assert tracking_codes.code_for(ONE) == code


@given(st.uuids(), st.sampled_from(["-", " ", "–", "—", " - ", ".", "·", ""]), st.booleans())
def test_typed_in_any_way_it_is_the_same_code(
    case: uuid.UUID, separator: str, is_small: bool
) -> None:
    code = tracking_codes.code_for(case)
    typed = separator.join(code[i : i + 4] for i in range(0, 12, 4))
    typed = f"  {typed.lower() if is_small else typed} "
    assert tracking_codes.normalised(typed) == code
    assert tracking_codes.code_hash(typed) == tracking_codes.code_hash(code)


@pytest.mark.parametrize(
    ("typed", "meant"), [("o0O", "000"), ("iIlL1", "11111"), ("uUvV", "VVVV"), ("b8s5z2", "B8S5Z2")]
)
def test_look_alikes_are_mended(typed: str, meant: str) -> None:
    assert tracking_codes.normalised(typed) == meant


def test_shown_in_groups_of_four() -> None:
    assert tracking_codes.shown("0123456789AB") == "0123-4567-89AB"


def test_what_is_stored_does_not_hold_the_code(stage: Stage) -> None:
    filed = stage.file()
    row = Petition.objects.filter(pk=filed.petition.pk).values().get()
    assert filed.code == tracking_codes.code_for(filed.petition.uuid)
    assert row["tracking_hash"] == tracking_codes.code_hash(filed.code)
    assert not any(filed.code in str(value) for value in row.values())
    assert len(row["tracking_hash"]) == 64


def test_last_four_digits_are_bound_to_their_case(stage: Stage) -> None:
    assert tracking_codes.last4_hash(ONE, "1234") != tracking_codes.last4_hash(OTHER, "1234")
    assert tracking_codes.last4_hash(ONE, "1234") != tracking_codes.last4_hash(ONE, "1235")
    petition = stage.file().petition
    kept = Contact.objects.get(petition=petition).last4_hash
    assert kept == tracking_codes.last4_hash(petition.uuid, "1234")
    assert "1234" not in kept[:4]


def test_address_is_counted_without_being_kept() -> None:
    bucket = tracking_codes.bucket("192.0.2.7")
    assert bucket == tracking_codes.bucket("192.0.2.7")
    assert bucket != tracking_codes.bucket("192.0.2.8")
    assert "192" not in bucket[:3]
    assert len(bucket) == 32


def test_no_hash_can_stand_in_for_another() -> None:
    # The same text hashed for two purposes never gives the same.
    text = str(ONE)
    assert (
        len(
            {
                tracking_codes.code_hash(text),
                tracking_codes.bucket(text),
                tracking_codes.last4_hash(ONE, ""),
            }
        )
        == 3
    )
