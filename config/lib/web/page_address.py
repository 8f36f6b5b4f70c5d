"""The address to which language, theme and text size lead back from a page.

A form that is refused or invalid is answered with a page at the form's own address. If that address
takes POST only, opening it is an error (405): such a view names the page of its form.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpRequest
from django.urls import reverse
from django.views.decorators.http import require_POST

View = TypeVar("View", bound=Callable[..., Any])
FORM_PAGE = "form_page"


def takes_form_of(name: str, *arguments: str) -> Callable[[View], View]:
    """Decorator of a view that takes POST only: `name` is the URL name of the page of its form.

    `arguments` are those arguments of the view that this URL needs too.
    """

    def mark(view: View) -> View:
        guarded = require_POST(view)
        setattr(guarded, FORM_PAGE, (name, arguments))
        return guarded

    return mark


def page_address(request: HttpRequest) -> str:
    """Return the address at which a reader can open the page of this request again."""
    match = request.resolver_match
    form_page = getattr(match.func, FORM_PAGE, None) if match else None
    if match is None or form_page is None:
        return request.get_full_path()
    name, arguments = form_page
    return reverse(name, kwargs={argument: match.kwargs[argument] for argument in arguments})
