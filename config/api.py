"""URLs of the API, version 1."""

from importlib import import_module

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from branches.api import OrganisationViewSet
from grids.api import AreaViewSet, BuildingViewSet
from members.api import MeView

app_name = "api"
import_module("config.lib.rest.openapi")  # registers the token scheme with drf-spectacular

router = SimpleRouter()
router.register("areas", AreaViewSet, "area")
router.register("buildings", BuildingViewSet, "building")
router.register("organisations", OrganisationViewSet, "organisation")

urlpatterns: list[URLPattern | URLResolver] = [
    *router.urls,
    path("", include("petitions.api.urls")),
    path("me/", MeView.as_view(), name="me"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
]
