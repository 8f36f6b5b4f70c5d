"""App registration for petitions."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PetitionsConfig(AppConfig):
    """The app of cases."""

    name = "petitions"
    verbose_name = _("诉求")
    default_auto_field = "django.db.models.BigAutoField"
