"""URLs of the work list: today and the list of cases."""

from django.urls import URLPattern, path

from petitions.worklist import case_list, home

urlpatterns: list[URLPattern] = [
    path("home/", home.home, name="home"),
    path("petitions/", case_list.listing, name="list"),
]
