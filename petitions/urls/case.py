"""Addresses of the case page: the case, one for each verb, its doors, photos and printed sheet."""

from django.urls import URLPattern, path

from petitions.views import case, doors, photos, verbs

CASE = "petitions/<int:pk>/"

urlpatterns: list[URLPattern] = [
    path(CASE, case.case, name="case"),
    path(f"{CASE}print/", case.printed, name="print"),
    path(f"{CASE}accept/", verbs.accept, name="accept"),
    path(f"{CASE}decline/", verbs.decline, name="decline"),
    path(f"{CASE}redirect/", verbs.redirect, name="redirect"),
    path(f"{CASE}dispatch/", verbs.dispatch, name="dispatch"),
    path(f"{CASE}start/", verbs.start, name="start"),
    path(f"{CASE}note/", verbs.note, name="note"),
    path(f"{CASE}photo/", verbs.photo, name="photo"),
    path(f"{CASE}resolve/", verbs.resolve, name="resolve"),
    path(f"{CASE}confirm/", verbs.confirm, name="confirm"),
    path(f"{CASE}dispute/", verbs.dispute, name="dispute"),
    path(f"{CASE}close/", verbs.close, name="close"),
    path(f"{CASE}reopen/", verbs.reopen, name="reopen"),
    path(f"{CASE}return/", verbs.return_, name="return"),
    path(f"{CASE}reassign/", verbs.reassign, name="reassign"),
    path(f"{CASE}escalate/", verbs.escalate, name="escalate"),
    path(f"{CASE}answer/", verbs.answer, name="answer"),
    path(f"{CASE}withdraw/", verbs.withdraw, name="withdraw"),
    path(f"{CASE}reveal/", verbs.reveal, name="reveal"),
    path(f"{CASE}doors/", doors.doors, name="doors"),
    path(f"{CASE}doors/print/", doors.printed, name="doors_print"),
    path("photos/<uuid:uuid>/", photos.photo_file, name="photo_file"),
    path("photos/<uuid:uuid>/thumb/", photos.thumb, name="thumb"),
]
