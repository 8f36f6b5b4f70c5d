"""URLs of the tracking pages: no log-in, and no tracking code or name in a URL."""

from django.urls import URLPattern, path

from petitions.tracking import feedback, pages
from petitions.verbs.table import VERB_SPECS

urlpatterns: list[URLPattern] = [
    path("track/", pages.enter_code, name="track"),
    path("track/case/", pages.show_case, name="track_case"),
    path("track/leave/", pages.stop_tracking, name="track_leave"),
    path("track/photos/<uuid:uuid>/", pages.show_photo, name="track_photo"),
    path("track/photos/<uuid:uuid>/thumb/", pages.show_thumbnail, name="track_thumb"),
    path("track/confirm/", feedback.confirm, name="track_confirm"),
    path("track/dispute/", feedback.dispute, name="track_dispute"),
    path("track/rate/", feedback.rate, name="track_rate"),
    path("track/reopen/", feedback.reopen, name="track_reopen"),
    path("track/contact/", feedback.correct_contact, name="track_contact"),
]

for spec in VERB_SPECS:
    if spec.resident_button:
        view = feedback.button_view(spec)
        urlpatterns += [path(f"track/{spec.verb}/", view, name=f"track_{spec.verb}")]
