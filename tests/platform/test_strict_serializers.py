"""Strict fields of the API."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from rest_framework import serializers

from config.lib.rest.strict_serializers import (
    StrictBooleanField,
    StrictCharField,
    StrictIdField,
    StrictIntegerField,
    StrictSerializer,
)


class Inner(StrictSerializer):
    word = StrictCharField(max_length=5, label="Word")


class Outer(StrictSerializer):
    word = StrictCharField(max_length=3, source="inner_word")
    kind = serializers.ChoiceField(choices=[("a", "A"), ("b", "B")], default="a")
    ids = serializers.ListField(child=StrictIdField(), required=False)
    inner = Inner(required=False)
    few = StrictIntegerField(max_value=3, required=False)
    flag = StrictBooleanField(default=False)


def _errors(data: Any) -> dict[str, Any]:
    body = Outer(data=data)
    body.is_valid()
    return dict(body.errors)


def test_two_bodies_have_fields_of_their_own() -> None:
    one, other = Outer(), Outer()
    for name in Outer._declared_fields:
        assert one.fields[name] is not other.fields[name]
        assert one.fields[name].parent is one
        assert other.fields[name].parent is other
    assert Outer._declared_fields["word"].parent is None


def test_a_field_can_be_bound_round_by_another_name() -> None:
    bound = Outer().fields["word"]
    free = copy.deepcopy(bound)
    free.bind("other", Outer())
    assert (free.field_name, free.source, free.label) == ("other", "inner_word", "Other")
    assert (bound.field_name, bound.label) == ("word", "Word")


def test_a_list_can_be_copied_with_its_child() -> None:
    for _round in range(3):
        assert Outer(data={"word": "abc", "ids": [1, 2]}).is_valid()
        assert Outer().fields["ids"].child.field_name == ""


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        ({"word": "abc"}, set()),
        ({"word": "abcd"}, {"word"}),
        ({"word": " "}, {"word"}),
        ({"word": "a", "kind": "c"}, {"kind"}),
        ({"word": "a", "few": 4}, {"few"}),
        ({"word": "a", "flag": "yes"}, {"flag"}),
        ({"word": "a", "ids": [0]}, {"ids"}),
        ({"word": "a", "inner": {"word": "abcdef"}}, {"inner"}),
        ({}, {"word"}),
    ],
)
def test_each_field_validates_every_time(data: dict[str, Any], wrong: set[str]) -> None:
    for _round in range(2):
        assert set(_errors(data)) == wrong
