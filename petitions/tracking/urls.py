"""URLs of the tracking pages: no log-in, and no tracking code or name in a URL."""

from django.urls import URLPattern, path

from petitions.tracking import feedback, pages

urlpatterns: list[URLPattern] = [
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
