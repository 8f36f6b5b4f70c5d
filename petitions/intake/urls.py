"""URLs of the residents' report pages (no log-in) and of the staff's desk."""

from django.urls import URLPattern, path

from petitions.intake import desk, public_pages, submit, wizard

urlpatterns: list[URLPattern] = [
    path("", public_pages.show_front_page, name="front"),
    path("who/", public_pages.show_responsible_organisations, name="who"),
    path("q/<str:code>/", public_pages.show_qr_page, name="at_place"),
    path("q/<str:code>/me-too/<int:pk>/", submit.join_from_qr_page, name="me_too"),
    path("report/", wizard.choose_place, name="report_place"),
    path("report/places/", wizard.suggest_places, name="public_suggest"),
    path("report/what/", wizard.choose_category, name="report_what"),
    path("report/tell/", wizard.write_report, name="report_tell"),
    path("report/photos/<slug:token>/", wizard.show_draft_photo, name="report_photo"),
    path("report/reach/", wizard.enter_contact, name="report_reach"),
    path("report/check/", submit.check_report, name="report_check"),
    path("report/me-too/<int:pk>/", submit.join_from_report, name="report_me_too"),
    path("report/receipt/", submit.show_receipt, name="receipt"),
    path("report/clear/", submit.clear_device, name="clear_device"),
    path("petitions/new/", desk.enter_report, name="desk"),
    path("petitions/new/preview/", desk.show_preview, name="desk_preview"),
    path("petitions/categories/", desk.suggest_categories, name="category_suggest"),
    path("petitions/<int:pk>/slip/", desk.show_slip, name="slip"),
]
