"""URLs of the inbox, the account page and the security log."""

from django.urls import path

from members import views
from members.security_log import pages

app_name = "members"

urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/unread/", views.unread, name="unread"),
    path("inbox/read/", views.read_all, name="read_all"),
    path("inbox/<int:pk>/", views.open_message, name="open"),
    path("inbox/<int:pk>/read/", views.read, name="read"),
    path("me/", views.me, name="me"),
    path("me/email/", views.email, name="email"),
    path("security-log/", pages.show_log, name="security_log"),
    path("security-log/export/", pages.export_log, name="security_log_export"),
]
