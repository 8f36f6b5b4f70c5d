"""URLs of the API of cases: list, case, one URL per verb of the verb table, and events."""

from django.urls import URLPattern, path

from petitions.api.events import EventList
from petitions.api.petitions import PetitionDetail, PetitionList
from petitions.api.verbs import VerbView
from petitions.verbs.table import VERB_SPECS

CASE = "petitions/<int:pk>/"

urlpatterns: list[URLPattern] = [
    path("petitions/", PetitionList.as_view(), name="petitions"),
    path(CASE, PetitionDetail.as_view(), name="petition"),
    path("events/", EventList.as_view(), name="events"),
]

for spec in VERB_SPECS:
    if spec.function is not None:
        view = VerbView.as_view(spec=spec)
        urlpatterns += [path(f"{CASE}{spec.verb}/", view, name=f"petition-{spec.verb}")]
