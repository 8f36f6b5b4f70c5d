"""Addresses of the work queue: today, the list, the overview, and the desk with its slip."""

from django.urls import URLPattern, path

from petitions.intake import desk
from petitions.stats import overview
from petitions.worklist import case_list, home

urlpatterns: list[URLPattern] = [
    path("home/", home.home, name="home"),
    path("overview/", overview.overview, name="overview"),
    path("petitions/", case_list.listing, name="list"),
    path("petitions/new/", desk.desk, name="desk"),
    path("petitions/new/preview/", desk.preview, name="desk_preview"),
    path("petitions/categories/", desk.category_suggest, name="category_suggest"),
    path("petitions/<int:pk>/slip/", desk.slip, name="slip"),
]
