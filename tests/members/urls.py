"""The site's addresses, with stand-ins for pages of higher apps that every staff page links to."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from config.urls import handler400, handler403, handler404, handler500
from config.urls import urlpatterns as of_the_site
from members.api import MeView

__all__ = ["handler400", "handler403", "handler404", "handler500"]


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("page")


cases = [path("", page, name="home"), path("petitions/", page, name="list")]

urlpatterns = [
    path("api/v1/me/", MeView.as_view()),
    path("", include("members.urls")),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("preferences/", page, name="preferences"),
    path("", include((cases, "petitions"))),
    *of_the_site,
]
