"""Addresses of the residents' pages: no login, and never a tracking code or a name in them."""

from django.urls import URLPattern, path

from petitions.views import public, report, sending, track, verdict

urlpatterns: list[URLPattern] = [
    path("", public.front, name="front"),
    path("who/", public.who, name="who"),
    path("q/<str:code>/", public.at_place, name="at_place"),
    path("q/<str:code>/me-too/<int:pk>/", sending.me_too, name="me_too"),
    path("report/", report.place, name="report_place"),
    path("report/places/", report.public_suggest, name="public_suggest"),
    path("report/what/", report.what, name="report_what"),
    path("report/tell/", report.tell, name="report_tell"),
    path("report/photos/<slug:token>/", report.photo, name="report_photo"),
    path("report/reach/", report.reach, name="report_reach"),
    path("report/check/", sending.check, name="report_check"),
    path("report/me-too/<int:pk>/", sending.join, name="report_me_too"),
    path("report/receipt/", sending.receipt, name="receipt"),
    path("track/", track.track, name="track"),
    path("track/case/", track.case, name="track_case"),
    path("track/leave/", track.leave, name="track_leave"),
    path("track/photos/<uuid:uuid>/", track.photo, name="track_photo"),
    path("track/photos/<uuid:uuid>/thumb/", track.thumb, name="track_thumb"),
    path("track/confirm/", verdict.confirm, name="track_confirm"),
    path("track/dispute/", verdict.dispute, name="track_dispute"),
    path("track/rate/", verdict.rate, name="track_rate"),
    path("track/reopen/", verdict.reopen, name="track_reopen"),
    path("track/withdraw/", verdict.withdraw, name="track_withdraw"),
    path("track/contact/", verdict.contact, name="track_contact"),
]
