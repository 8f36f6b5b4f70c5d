"""App registration for branches."""

from django.apps import AppConfig
from django.utils.translation import pgettext_lazy


class BranchesConfig(AppConfig):
    """The organisations app."""

    name = "branches"
    verbose_name = pgettext_lazy("plural", "组织")
    default_auto_field = "django.db.models.BigAutoField"
