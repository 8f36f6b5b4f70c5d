"""The form fields with which residents give contact details."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _

from config.lib.form_fields import LineField, TelephoneField
from petitions.rules.contacts import ContactDetails

MAX_NAME_LENGTH = 40


def phone_input() -> forms.TelInput:
    """Return a telephone input that browsers fill in."""
    return forms.TelInput(attrs={"autocomplete": "tel"})


class ContactDetailsForm(forms.Form):
    """Contact details of a resident: a telephone number, a name, both or nothing.

    `offer` is what the box says: who could open the contact details if it is ticked, and who if it
    is not (`rules/confidentiality.py`).
    """

    phone = TelephoneField(label=_("电话"), required=False, widget=phone_input())
    name = LineField(
        label=_("怎么称呼您"),
        max_length=MAX_NAME_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    is_confidential = forms.BooleanField(label=_("对承办的组织保密"), required=False)

    def __init__(self, *args: Any, offer: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if offer:  # the help text of a field is drawn without being escaped
            self.fields["is_confidential"].help_text = escape(offer)

    def contact_details(self) -> ContactDetails:
        """Return the contact details; empty ones stand for an anonymous report."""
        data = self.cleaned_data
        return ContactDetails(
            name=data["name"],
            phone=data["phone"],
            is_confidential=data["is_confidential"] and bool(data["phone"] or data["name"]),
        )
