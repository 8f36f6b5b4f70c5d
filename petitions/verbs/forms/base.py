"""Base class of the verb forms: the case, the user, and the version of the case the user saw."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from config.lib.form_fields import FreeTextField, WholeNumberField
from members.models import User
from petitions.enums import Verb
from petitions.models import Petition
from petitions.states import RULE_OF
from petitions.web.field_validation import check_words

CONTROL_FIELDS = ("version", "key")
"""Hidden fields that are not an argument of the workflow function."""


def text_field(
    label: StrOrPromise, help_text: StrOrPromise = "", *, required: bool = True
) -> FreeTextField:
    """Return a field for a few sentences, with the maximum length of a note.

    A text without any letter or digit is refused.
    """
    return FreeTextField(
        validators=[check_words],
        label=label,
        help_text=help_text,
        required=required,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


def _name_field_in_message(field: forms.Field) -> None:
    """Put the label of the field into its "required" message, which is shown above the form too."""
    if field.error_messages["required"] != forms.Field.default_error_messages["required"]:
        return
    is_choice = isinstance(field, forms.ChoiceField)
    message = _("请选择“%(label)s”。") if is_choice else _("请填写“%(label)s”。")
    field.error_messages["required"] = message % {"label": field.label}


class VerbForm(forms.Form):
    """The input of one verb on one case. Used as it is, it asks for nothing but the version.

    `datalists`: pairs of an HTML id and the suggestions offered under this id. `keeps_draft`:
    whether the browser may store what is typed until the form is sent.
    `has_idempotency_key`: whether a hidden key protects a verb that does not check the version
    against a second submit. `first_step`: value of the field `step` that the button of the form
    sends, where the page shows something before the verb is performed.
    """

    datalists: ClassVar[tuple[tuple[str, tuple[StrOrPromise, ...]], ...]] = ()
    keeps_draft: ClassVar[bool] = True
    has_idempotency_key: ClassVar[bool] = True
    first_step: ClassVar[str] = ""

    version = WholeNumberField(min_value=1, widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, verb: Verb, petition: Petition, viewer: User, **kwargs: Any
    ) -> None:
        self.verb, self.petition, self.viewer = verb, petition, viewer
        self.photo_bond = f"{petition.pk}:{viewer.pk}"
        kwargs.setdefault("initial", {}).setdefault("version", petition.version)
        super().__init__(*args, **kwargs)
        if self.has_idempotency_key and not RULE_OF[verb].checks_version:
            self.fields["key"] = forms.UUIDField(
                widget=forms.HiddenInput, initial=uuid.uuid4, required=False
            )
        for field in self.fields.values():
            _name_field_in_message(field)
        self.prepare()

    def prepare(self) -> None:
        """Set the choices that depend on the case."""

    def after_refusal(self, code: str) -> None:
        """Prepare the form to be shown again after the workflow has refused with `code`."""

    def set_choices(self, name: str, choices: Sequence[tuple[str, StrOrPromise]]) -> None:
        """Set the choices of a choice field."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices)

    def set_queryset(self, name: str, queryset: Any) -> None:
        """Set the rows that a model choice field offers."""
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = queryset

    def clean_version(self) -> int | None:
        """Require the version for a verb that checks it; the pages always send it."""
        version: int | None = self.cleaned_data["version"]
        if version is None and RULE_OF[self.verb].checks_version:
            raise forms.ValidationError(_("页面不完整，请刷新后再试。"))
        return version

    @property
    def seen_version(self) -> int:
        """The version of the case that the user saw; 0 if it was not sent."""
        return self.cleaned_data.get("version") or 0

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of the workflow function, except `petition`, `by` and `now`."""
        names = [name for name in self.fields if name not in CONTROL_FIELDS]
        arguments = {name: self.cleaned_data[name] for name in names}
        if RULE_OF[self.verb].checks_version:
            arguments["expected_version"] = self.cleaned_data["version"]
        return arguments

    @property
    def idempotency_key(self) -> uuid.UUID | None:
        """The idempotency key of a valid form; None if it has none or none was sent."""
        return self.cleaned_data.get("key")

    def content(self) -> dict[str, Any]:
        """Return what was typed, as JSON values; photos by their checksums."""
        names = [name for name in self.fields if name not in CONTROL_FIELDS]
        photos = [photo.sha256 for photo in self.cleaned_data.get("photos", ())]
        return {name: self[name].data for name in names} | {"photos": photos}

    def update_version(self, version: int) -> None:
        """Keep the data that was sent, but with the current version of the case."""
        self._replace("version", str(version))

    def renew_key(self) -> None:
        """Keep the data that was sent, but with a new idempotency key."""
        self._replace("key", str(uuid.uuid4()))

    def _replace(self, name: str, value: str) -> None:
        data = QueryDict(mutable=True)
        data.update(self.data)
        data[name] = value
        self.data = data
