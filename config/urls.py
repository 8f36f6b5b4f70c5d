"""URLs of the site."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from config import views
from config.lib.admin import complete
from config.lib.web import errors, health

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.not_found
handler429 = errors.too_many_requests  # of allauth
handler500 = errors.server_error

admin.site.site_header = admin.site.site_title = settings.PRODUCT_NAME
admin.site.site_url = None  # `/` leads administrators back to the admin

urlpatterns: list[URLPattern | URLResolver] = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("admin/r/<path:_path>", views.raise_not_found),
    # In place of the page `admin:autocomplete` of Django, whose address it has.
    path("admin/autocomplete/", admin.site.admin_view(complete), name="admin_complete"),
    path("admin/", admin.site.urls),
    path("account/", include("members.accounts.urls")),
    path("language/", set_language, name="set_language"),
    path("preferences/", views.preferences, name="preferences"),
    path("api/v1/", include("config.api")),
    path("", include("grids.urls")),
    path("", include("branches.urls")),
    path("", include("members.urls")),
    path("", include("petitions.urls")),
]
