"""Addresses of the work queue: today, the list, the overview, and the desk with its slip."""

from django.urls import URLPattern, path

from petitions.views import desk, home, listing, overview

urlpatterns: list[URLPattern] = [
    path("home/", home.home, name="home"),
    path("overview/", overview.overview, name="overview"),
    path("petitions/", listing.listing, name="list"),
    path("petitions/new/", desk.desk, name="desk"),
    path("petitions/new/preview/", desk.preview, name="desk_preview"),
    path("petitions/categories/", desk.category_suggest, name="category_suggest"),
    path("petitions/<int:pk>/slip/", desk.slip, name="slip"),
]
