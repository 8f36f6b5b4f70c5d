"""What every verb's form has in common: the case, the person, and the version the person saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from members.models import User
from petitions.enums import Verb
from petitions.models import Petition
from petitions.states import RULE_OF

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


def words(
    label: str | _StrPromise, help_text: str | _StrPromise = "", **more: Any
) -> forms.CharField:
    """A field for a few sentences, as long as a note may be."""
    area = forms.Textarea(attrs={"rows": 4})
    return forms.CharField(label=label, help_text=help_text, max_length=2000, widget=area, **more)


def _name_when_missing(field: forms.Field) -> None:
    """Let a field that was left empty be named by its label, at the field and on top."""
    if field.error_messages["required"] != forms.Field.default_error_messages["required"]:
        return
    is_choice = isinstance(field, forms.ChoiceField)
    ask = _("请选择“%(label)s”。") if is_choice else _("请填写“%(label)s”。")
    field.error_messages["required"] = ask % {"label": field.label}


class VerbForm(forms.Form):
    """One verb to be done to one case, with the version of the case that the person saw."""

    verb: ClassVar[Verb]
    title: ClassVar[str | _StrPromise] = ""
    lead: ClassVar[str | _StrPromise] = ""
    submit: ClassVar[str | _StrPromise] = ""
    is_serious: ClassVar[bool] = False

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, petition: Petition, viewer: User, **kwargs: Any) -> None:
        self.petition, self.viewer = petition, viewer
        self.photo_bond = f"{petition.pk}:{viewer.pk}"
        kwargs.setdefault("initial", {}).setdefault("version", petition.version)
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            _name_when_missing(field)
        self.prepare()

    def prepare(self) -> None:
        """Fill in what can be chosen for this case."""

    def clean_version(self) -> int | None:
        """Ask for the version where the verb decides something; a page always sends it."""
        seen: int | None = self.cleaned_data["version"]
        if seen is None and RULE_OF[self.verb].checks_version:
            raise forms.ValidationError(_("页面不完整，请刷新后再试。"))
        return seen

    @property
    def seen(self) -> int:
        """The version of the case the person saw; 0 when unknown."""
        return self.cleaned_data.get("version") or 0

    def arguments(self) -> dict[str, Any]:
        """Return what the workflow's verb takes, apart from case, actor and instant."""
        given = {name: self.cleaned_data[name] for name in self.fields if name != "version"}
        if RULE_OF[self.verb].checks_version:
            given["expected_version"] = self.cleaned_data["version"]
        return given

    def refresh(self, version: int) -> None:
        """Keep everything typed, but send it against the present version next time."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["version"] = str(version)
        self.data = data
