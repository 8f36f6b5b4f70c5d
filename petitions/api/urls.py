"""The addresses of cases for programs; a verb's address ends with its name."""

from django.urls import URLPattern, path

from petitions.api.events import EventList
from petitions.api.petitions import PetitionDetail, PetitionList
from petitions.api.verbs import API_VERBS, VerbView

urlpatterns: list[URLPattern] = [
    path("petitions/", PetitionList.as_view(), name="petitions"),
    path("petitions/<int:pk>/", PetitionDetail.as_view(), name="petition"),
    *(
        path(f"petitions/<int:pk>/{verb}/", VerbView.as_view(verb=verb), name=f"petition-{verb}")
        for verb in API_VERBS
    ),
    path("events/", EventList.as_view(), name="events"),
]
