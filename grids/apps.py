"""App registration for grids."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GridsConfig(AppConfig):
    """The territory app."""

    name = "grids"
    verbose_name = _("地域")
    default_auto_field = "django.db.models.BigAutoField"
