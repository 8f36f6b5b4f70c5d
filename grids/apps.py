"""App registration for grids."""

from django.apps import AppConfig
from django.core import checks
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


class GridsConfig(AppConfig):
    """The territory app."""

    name = "grids"
    verbose_name = _("地域")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the check of the database roles, run by `check --deploy`."""
        check_roles = import_string("config.lib.db.roles.check_roles")
        checks.register(check_roles, checks.Tags.security, deploy=True)
