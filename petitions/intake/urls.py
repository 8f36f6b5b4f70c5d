"""Addresses of the residents' pages: no login, and never a tracking code or a name in them."""

from django.urls import URLPattern, path

from petitions.intake import public_pages, submit, wizard
from petitions.tracking import feedback, pages

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
    path("track/", pages.track, name="track"),
    path("track/case/", pages.case, name="track_case"),
    path("track/leave/", pages.leave, name="track_leave"),
    path("track/photos/<uuid:uuid>/", pages.photo, name="track_photo"),
    path("track/photos/<uuid:uuid>/thumb/", pages.thumb, name="track_thumb"),
    path("track/confirm/", feedback.confirm, name="track_confirm"),
    path("track/dispute/", feedback.dispute, name="track_dispute"),
    path("track/rate/", feedback.rate, name="track_rate"),
    path("track/reopen/", feedback.reopen, name="track_reopen"),
    path("track/withdraw/", feedback.withdraw, name="track_withdraw"),
    path("track/contact/", feedback.contact, name="track_contact"),
]
