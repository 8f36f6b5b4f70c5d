"""The form fields with which residents give contact details."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from petitions.rules.contacts import ContactDetails
from petitions.web.field_validation import clean_phone, clean_text

MAX_PHONE_LENGTH = 30  # with separators
MAX_NAME_LENGTH = 40


def phone_input() -> forms.TextInput:
    """Return a telephone field that browsers fill in and phones show a number pad for."""
    return forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"})


class ContactDetailsForm(forms.Form):
    """Contact details of a resident: a telephone number, a name, both or nothing."""

    phone = forms.CharField(
        label=_("电话"), max_length=MAX_PHONE_LENGTH, required=False, widget=phone_input()
    )
    name = forms.CharField(
        label=_("怎么称呼您"),
        max_length=MAX_NAME_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    is_confidential = forms.BooleanField(label=_("对承办人保密，只让社区知道"), required=False)

    def clean_phone(self) -> str:
        """Remove separators; refuse what is no telephone number."""
        return clean_phone(self.cleaned_data["phone"])

    def contact_details(self) -> ContactDetails:
        """Return the contact details; empty ones stand for an anonymous report."""
        data = self.cleaned_data
        return ContactDetails(
            name=clean_text(data["name"]),
            phone=data["phone"],
            is_confidential=data["is_confidential"] and bool(data["phone"] or data["name"]),
        )
