"""App registration for members."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MembersConfig(AppConfig):
    """The people app."""

    name = "members"
    verbose_name = _("人员")
    default_auto_field = "django.db.models.BigAutoField"
