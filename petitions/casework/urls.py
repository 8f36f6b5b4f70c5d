"""Addresses of the case page: the case, one for each verb, its doors, photos and printed sheet."""

from django.urls import URLPattern, path

from petitions.casework import case_page, door_sheet, photo_pages, verb_pages

CASE = "petitions/<int:pk>/"

urlpatterns: list[URLPattern] = [
    path(CASE, case_page.case, name="case"),
    path(f"{CASE}print/", case_page.printed, name="print"),
    path(f"{CASE}accept/", verb_pages.accept, name="accept"),
    path(f"{CASE}decline/", verb_pages.decline, name="decline"),
    path(f"{CASE}redirect/", verb_pages.redirect, name="redirect"),
    path(f"{CASE}dispatch/", verb_pages.dispatch, name="dispatch"),
    path(f"{CASE}start/", verb_pages.start, name="start"),
    path(f"{CASE}note/", verb_pages.note, name="note"),
    path(f"{CASE}photo/", verb_pages.photo, name="photo"),
    path(f"{CASE}resolve/", verb_pages.resolve, name="resolve"),
    path(f"{CASE}confirm/", verb_pages.confirm, name="confirm"),
    path(f"{CASE}dispute/", verb_pages.dispute, name="dispute"),
    path(f"{CASE}close/", verb_pages.close, name="close"),
    path(f"{CASE}reopen/", verb_pages.reopen, name="reopen"),
    path(f"{CASE}return/", verb_pages.return_, name="return"),
    path(f"{CASE}reassign/", verb_pages.reassign, name="reassign"),
    path(f"{CASE}escalate/", verb_pages.escalate, name="escalate"),
    path(f"{CASE}answer/", verb_pages.answer, name="answer"),
    path(f"{CASE}withdraw/", verb_pages.withdraw, name="withdraw"),
    path(f"{CASE}reveal/", verb_pages.reveal, name="reveal"),
    path(f"{CASE}doors/", door_sheet.doors, name="doors"),
    path(f"{CASE}doors/print/", door_sheet.printed, name="doors_print"),
    path("photos/<uuid:uuid>/", photo_pages.photo_file, name="photo_file"),
    path("photos/<uuid:uuid>/thumb/", photo_pages.thumb, name="thumb"),
]
