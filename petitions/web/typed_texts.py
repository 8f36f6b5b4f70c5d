"""What was typed into a form whose page is refused; the error page shows it for copying."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.forms import Form, PasswordInput
from django.http import Http404, HttpRequest, HttpResponseBase

from config.lib.domain_errors import PageNotFound, PageRefused, TypedText
from config.lib.form_fields import FreeTextField

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def typed_texts(form_class: type[Form], sent: Mapping[str, str]) -> list[TypedText]:
    """Return the texts that were typed into a form, with the labels of their fields.

    Only fields in which people write are shown, no hidden one and no password. The labels are those
    of the class, which say nothing about a case.
    """
    return [
        TypedText(field.label or "", sent[name])
        for name, field in form_class.base_fields.items()
        if isinstance(field, FreeTextField)
        and not (field.widget.is_hidden or isinstance(field.widget, PasswordInput))
        and sent.get(name, "").strip()
    ]


def keeps_typed(form_class: type[Form]) -> Callable[[View[P]], View[P]]:
    """Decorator: a POST that is refused (403, 404) is answered with what was typed in the form.

    For example if the case was given to another organisation while the form was being filled in.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            try:
                return view(request, *args, **kwargs)
            except (PermissionDenied, Http404) as refusal:
                typed = typed_texts(form_class, request.POST)
                if request.method != "POST" or not typed:
                    raise
                if isinstance(refusal, Http404):
                    raise PageNotFound(typed=typed) from refusal
                message = str(refusal) if isinstance(refusal, PageRefused) else ""
                raise PageRefused(message, typed=typed) from refusal

        return guarded

    return decorate
