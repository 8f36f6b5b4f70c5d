"""URLs of the case page: the case, one URL per verb of the verb table, photos and print views."""

from __future__ import annotations

from django.urls import URLPattern, path

from petitions.casework import (
    answer_page,
    case_page,
    door_sheet,
    photo_pages,
    resolve_page,
    reveal_page,
)
from petitions.casework.verb_pages import View, verb_view
from petitions.enums import Verb
from petitions.verbs.spec import PageKind
from petitions.verbs.table import VERB_SPECS

CASE = "petitions/<int:pk>/"

# Verbs whose page does more than show a form and perform the verb.
OWN_VIEWS: dict[Verb, View] = {
    Verb.ANSWER: answer_page.answer,
    Verb.RESOLVE: resolve_page.resolve,
    Verb.REVEAL: reveal_page.reveal,
    Verb.VISIT: door_sheet.doors,
}

urlpatterns: list[URLPattern] = [
    path(CASE, case_page.case, name="case"),
    path(f"{CASE}print/", case_page.printed, name="print"),
    path(f"{CASE}doors/print/", door_sheet.printed, name="doors_print"),
    path("photos/<uuid:uuid>/", photo_pages.photo_file, name="photo_file"),
    path("photos/<uuid:uuid>/thumb/", photo_pages.thumb, name="thumb"),
]

for spec in VERB_SPECS:
    if spec.page != PageKind.NONE:
        view = OWN_VIEWS.get(spec.verb) or verb_view(spec)
        urlpatterns += [path(f"{CASE}{spec.path or spec.verb}/", view, name=spec.verb)]
