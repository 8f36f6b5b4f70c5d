"""URLs of the work list: today and the list of cases."""

from django.urls import URLPattern, path

from petitions.worklist import case_list, home

urlpatterns: list[URLPattern] = [
    path("home/", home.show_home, name="home"),
    path("petitions/", case_list.show_list, name="list"),
]
