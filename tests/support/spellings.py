"""Spellings of typed values: the table in tests/data, a generator, and every field that takes them.

The fields are found in the product: all forms of pages, filters, admin and accounts, all request
bodies of the API. A field of a new form is therefore tested without being listed here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from allauth.account import app_settings as account_settings
from allauth.account.forms import ReauthenticateForm, UserForm
from allauth.mfa import app_settings as mfa_settings
from django import forms
from django.contrib import admin
from django.test import RequestFactory
from django.urls import get_resolver
from django.utils.module_loading import import_string
from hypothesis import strategies as st
from rest_framework import serializers

from config.lib import form_fields
from config.lib.rest import strict_serializers
from petitions.rules import tracking_codes
from petitions.tracking.forms import TrackingCodeField

TABLE = Path(__file__).parents[1] / "data" / "spellings.toml"
ACCOUNTS = "members.accounts.forms"
PRODUCT = ("config.", "grids.", "branches.", "members.", "petitions.")

KIND_OF: dict[type, str] = {
    form_fields.TelephoneField: "telephone",
    form_fields.LastDigitsField: "last_digits",
    form_fields.NumberTextField: "number",
    form_fields.WholeNumberField: "whole_number",
    form_fields.UserNameField: "user_name",
    form_fields.FreeTextField: "text",
    form_fields.LineField: "line",
    form_fields.EmailAddressField: "email",
    form_fields.FoldedDateField: "day",
    form_fields.FoldedTimeField: "time",
    form_fields.FoldedDurationField: "duration",
    TrackingCodeField: "code",
    strict_serializers.StrictTelephoneField: "telephone",
    strict_serializers.StrictNumberTextField: "number",
    strict_serializers.StrictCodeField: "letters",
    strict_serializers.StrictFreeTextField: "text",
    strict_serializers.StrictLineField: "line",
}
"""The form of each field class; a class that is missing here takes no typed value or is refused."""

CHOSEN = (
    *(forms.ChoiceField, forms.ModelChoiceField, forms.BooleanField, forms.UUIDField),
    *(forms.FileField, forms.NullBooleanField, forms.DateTimeField, forms.SplitDateTimeField),
    forms.JSONField,
    *(serializers.ChoiceField, serializers.BooleanField, serializers.FileField),
    *(serializers.ListField, serializers.Serializer, strict_serializers.StrictIntegerField),
)
"""Field classes whose values are chosen or sent by a program, not typed."""
CHOSEN_BY_NAME = {"PhotosField", "FlagField", "PasswordField", "SetPasswordField", "TimezoneField"}


@dataclass(frozen=True, slots=True)
class TypedField:
    """A field of the product, the form of its values, and the function that cleans a value."""

    name: str
    kind: str
    clean: Callable[[Any], Any]
    max_length: int | None


def spellings(kind: str) -> list[tuple[str, str]]:
    """Return the pairs of spelling and plain value of a kind from the table."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return [(typed, row["plain"]) for row in table[kind] for typed in row["typed"]]


def typed_fields() -> tuple[list[TypedField], list[str]]:
    """Return every field with a known form, and the names of fields that declare none."""
    fields: list[TypedField] = []
    without: list[str] = []
    for owner, name, field in all_fields():
        kind = KIND_OF.get(type(field))
        if kind is not None:
            clean = field.clean if isinstance(field, forms.Field) else field.run_validation
            length = getattr(field, "max_length", None)
            fields.append(TypedField(f"{owner}.{name}", kind, clean, length))
        elif not isinstance(field, CHOSEN) and type(field).__name__ not in CHOSEN_BY_NAME:
            without.append(f"{owner}.{name}: {type(field).__name__}")
    return fields, sorted(set(without))


def all_fields() -> Iterator[tuple[str, str, Any]]:
    assert get_resolver().url_patterns  # imports every module with a form
    for form_class in _subclasses(forms.BaseForm):
        # A model form gets its fields from the admin, an account form when it is created.
        is_later = issubclass(form_class, forms.BaseModelForm) or form_class.__module__ == ACCOUNTS
        if form_class.__module__.startswith(PRODUCT) and not is_later:
            for name, field in form_class.base_fields.items():
                yield form_class.__name__, name, field
    for body in _subclasses(strict_serializers.StrictSerializer):
        if body.__module__.startswith(PRODUCT):
            for name, field in body._declared_fields.items():
                yield body.__name__, name, field
    yield from _filters()
    yield from _admin_fields()
    yield from _account_fields()


def _filters() -> Iterator[tuple[str, str, Any]]:
    from branches.filters import OrganisationFilter
    from grids.filters import AreaFilter
    from petitions.web.filters import EventFilter, PetitionFilter

    every: tuple[Any, ...] = (PetitionFilter, EventFilter, AreaFilter, OrganisationFilter)
    for filters in every:
        for name, row in filters.base_filters.items():
            yield filters.__name__, name, row.field


def _admin_fields() -> Iterator[tuple[str, str, Any]]:
    request = RequestFactory().get("/")
    request.user = _Everything()  # type: ignore[assignment]  # all that these pages ask of it
    for model, page in admin.site._registry.items():
        if not model.__module__.startswith(PRODUCT):
            continue
        for name, field in page.get_form(request).base_fields.items():
            yield type(page).__name__, name, field
        for formset, inline in page.get_formsets_with_inlines(request):
            for name, field in formset.form.base_fields.items():
                yield type(inline).__name__, name, field


class _Everything:
    """A user who may open every page of the admin."""

    is_active = is_staff = True

    def has_perm(self, *_args: Any) -> bool:
        """Return True."""
        return True


def _account_fields() -> Iterator[tuple[str, str, Any]]:
    for path in account_settings.FORMS.values():
        form_class = import_string(path)
        is_of_user = issubclass(form_class, (UserForm, ReauthenticateForm))
        form = form_class(user=None) if is_of_user else form_class()
        for name, field in form.fields.items():
            yield type(form).__name__, name, field
    for path in mfa_settings.FORMS.values():
        with patch("allauth.mfa.totp.internal.auth.get_totp_secret"):
            form = import_string(path)(user=None)
        for name, field in form.fields.items():
            yield type(form).__name__, name, field


def _subclasses(base: type) -> Iterator[Any]:
    child: Any
    for child in base.__subclasses__():
        yield child
        yield from _subclasses(child)


# --- The generator ---------------------------------------------------------------------------

INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u202d\u202e\u2066\u2069\ufeff"
ZEROS = (0x30, 0xFF10, 0x660, 0x6F0, 0x966, 0x1D7CE)  # ASCII, full width, Arabic-Indic, Persian, …
DASHES = "-－‐‑‒–—−﹣"
SPACES = " \u00a0\u3000\u2009"
SEPARATORS = (*DASHES, *SPACES, ".", "·", "/", "／", "--", " - ", "．", "_")


def digits_of(text: str) -> st.SearchStrategy[str]:
    """Generate the text with each digit in some script, and letters in some width."""
    return st.tuples(*(_spelled(character) for character in text)).map("".join)


def _spelled(character: str) -> st.SearchStrategy[str]:
    if character.isdecimal():
        return st.sampled_from([chr(zero + int(character)) for zero in ZEROS])
    if "!" <= character <= "~":
        return st.sampled_from([character, chr(ord(character) + 0xFEE0)])
    return st.just(character)


def _sprinkled(text: str, between: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Generate the text with something before, after and between its characters."""
    gaps = st.lists(between, min_size=len(text) + 1, max_size=len(text) + 1)
    return gaps.map(lambda parts: "".join(a + b for a, b in zip(parts, [*text, ""], strict=True)))


_MARKS = st.sampled_from(["", "", "", "", *INVISIBLE])
_GAPS = st.sampled_from(["", "", "", "", "", *INVISIBLE, *SEPARATORS])


@st.composite
def telephone(draw: Any) -> tuple[str, str]:
    """Generate a spelling of a telephone, and the plain number."""
    plain = draw(
        st.one_of(
            st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
            st.from_regex(r"0(10|2[0-9])[2-8][0-9]{7}", fullmatch=True),
            st.from_regex(r"0[3-9][1-9][0-9][2-8][0-9]{6}", fullmatch=True),
        )
    )
    national = plain.removeprefix("0") if plain.startswith("0") else plain
    prefixed = [f"+86{national}", f"0086{national}", f"+86{plain}"]
    if not plain.startswith("0"):
        prefixed += [f"86{plain}", f"0{plain}", f"+0086{plain}"]
    typed = draw(st.sampled_from([plain, *prefixed]))
    typed = draw(_sprinkled(draw(digits_of(typed)), _GAPS))
    return draw(st.sampled_from(["", "", "tel:"])) + typed, plain


@st.composite
def last_digits(draw: Any) -> tuple[str, str]:
    """Generate four digits, a masked or a whole telephone; and the plain four digits."""
    plain = draw(st.from_regex(r"[0-9]{4}", fullmatch=True))
    whole = draw(st.sampled_from(["", "", "139****", "****", "1390000", "+86 139 0000 "]))
    return whole + draw(_sprinkled(draw(digits_of(plain)), _MARKS)), plain


@st.composite
def code(draw: Any) -> tuple[str, str]:
    """Generate a spelling of a tracking code, and the plain code."""
    plain = draw(st.text(tracking_codes.ALPHABET, min_size=12, max_size=12))
    alike = {"0": "0Oo", "1": "1IiLl", "V": "VvUu"}
    typed = "".join(draw(st.sampled_from(alike.get(sign, sign + sign.lower()))) for sign in plain)
    return draw(_sprinkled(draw(digits_of(typed)), _GAPS)), plain


@st.composite
def number(draw: Any) -> tuple[str, str]:
    """Generate a spelling of an order number, and the plain number."""
    plain = draw(st.from_regex(r"[A-Z]{0,3}[0-9]{4}-[0-9]{4,8}", fullmatch=True))
    between = st.sampled_from(["", "", "", *INVISIBLE, *SPACES])
    typed = draw(_sprinkled(draw(digits_of(plain)), between))
    return typed.replace("-", draw(st.sampled_from(DASHES))), plain


@st.composite
def whole_number(draw: Any) -> tuple[str, str]:
    """Generate a spelling of a small number, and the plain number."""
    plain = str(draw(st.integers(1, 60)))
    between = st.sampled_from(["", "", *INVISIBLE, *SPACES])
    return draw(_sprinkled(draw(digits_of(plain)), between)), plain


@st.composite
def user_name(draw: Any) -> tuple[str, str]:
    """Generate a spelling of a user name, and the plain name."""
    plain = draw(st.from_regex(r"[a-z][a-z0-9.@+_-]{2,20}", fullmatch=True))
    typed = "".join(draw(st.sampled_from([sign, sign.upper()])) for sign in plain)
    typed = draw(_sprinkled(draw(digits_of(typed)), _MARKS))
    return draw(st.sampled_from(["", " ", "\u3000"])) + typed, plain


@st.composite
def text(draw: Any) -> tuple[str, str]:
    """Generate a spelling of a text of two lines, and the plain text."""
    words = st.text("水很浑三天了abc0129，。🔥\u00e9\u0643\u06c8", min_size=1, max_size=12)
    first, second = draw(words), draw(words)
    end = draw(st.sampled_from(["\n", "\r\n", "\r", "\u2028", "\x0b", "\x0c"]))
    removed = st.sampled_from(["", "", "", "\x01", "\x07", "\u202e", "\u2066", "\ufeff", "\u00ad"])
    typed = "".join(part + draw(removed) for part in (first, end, second))
    typed = typed.replace("\u00e9", draw(st.sampled_from(["\u00e9", "e\u0301"])))
    return typed, f"{first}\n{second}"


@st.composite
def line(draw: Any) -> tuple[str, str]:
    """Generate a spelling of a text of one line, and the plain text."""
    typed, plain = draw(text())
    return typed, plain.replace("\n", " ")


def _plain(*examples: str) -> Callable[[], st.SearchStrategy[tuple[str, str]]]:
    """Return a generator of spellings, in any width and script of digits, of some values."""

    def generate() -> st.SearchStrategy[tuple[str, str]]:
        return st.sampled_from(examples).flatmap(
            lambda plain: (
                digits_of(plain)
                .flatmap(lambda typed: _sprinkled(typed, _MARKS))
                .map(lambda typed: (typed, plain))
            )
        )

    return generate


GENERATORS: dict[str, Callable[[], st.SearchStrategy[tuple[str, str]]]] = {
    "telephone": telephone,
    "last_digits": last_digits,
    "code": code,
    "number": number,
    "whole_number": whole_number,
    "user_name": user_name,
    "text": text,
    "line": line,
    "letters": _plain("WS01", "650102003001", "QRCODEB1"),
    "email": _plain("wang.fang@example.cn", "a-1@example.com"),
    "day": _plain("2026-01-05", "2026-12-31"),
    "time": _plain("08:30", "19:00:00"),
    "duration": _plain("1 16:00:00", "02:00:00"),
}
