"""Every address of the API, version 1."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from branches.api import OrganisationViewSet
from config.lib.rest import openapi  # noqa: F401 - registers how the token is described
from grids.api import AreaViewSet, BuildingViewSet
from members.api import MeView

app_name = "api"

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
