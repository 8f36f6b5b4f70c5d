"""URLs of the figures for officials."""

from django.urls import URLPattern, path

from petitions.stats import overview

urlpatterns: list[URLPattern] = [
    path("overview/", overview.show_overview, name="overview"),
]
