"""URLs of the residents' report pages (no log-in) and of the staff's desk."""

from django.urls import URLPattern, path

from petitions.intake import desk, public_pages, submit, wizard

urlpatterns: list[URLPattern] = [
    path("", public_pages.front, name="front"),
    path("who/", public_pages.who, name="who"),
    path("q/<str:code>/", public_pages.at_place, name="at_place"),
    path("q/<str:code>/me-too/<int:pk>/", submit.me_too, name="me_too"),
    path("report/", wizard.place, name="report_place"),
    path("report/places/", wizard.public_suggest, name="public_suggest"),
    path("report/what/", wizard.what, name="report_what"),
    path("report/tell/", wizard.tell, name="report_tell"),
    path("report/photos/<slug:token>/", wizard.photo, name="report_photo"),
    path("report/reach/", wizard.reach, name="report_reach"),
    path("report/check/", submit.check, name="report_check"),
    path("report/me-too/<int:pk>/", submit.join, name="report_me_too"),
    path("report/receipt/", submit.receipt, name="receipt"),
    path("petitions/new/", desk.desk, name="desk"),
    path("petitions/new/preview/", desk.preview, name="desk_preview"),
    path("petitions/categories/", desk.category_suggest, name="category_suggest"),
    path("petitions/<int:pk>/slip/", desk.slip, name="slip"),
]
