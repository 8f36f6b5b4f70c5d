"""App registration for branches."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BranchesConfig(AppConfig):
    """The app of organisations."""

    name = "branches"
    verbose_name = _("组织")
    default_auto_field = "django.db.models.BigAutoField"
