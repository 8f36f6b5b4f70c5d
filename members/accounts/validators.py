"""Password validator beyond Django's own four."""

from __future__ import annotations

import re

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from config.lib.text_forms import fold_telephone, fold_user_name
from members.models import User

MIN_PART_LENGTH = 4  # characters of a phone number or user name


class NotAboutYouValidator:
    """Reject a password that contains the user's name, user name or phone number."""

    def validate(self, password: str, user: User | AnonymousUser | None = None) -> None:
        """Raise ValidationError if the password contains data that colleagues know."""
        if not isinstance(user, User):
            return
        phone = re.sub(r"\D", "", fold_telephone(user.duty_phone))
        parts = [fold_user_name(user.username), phone, phone[-8:]]
        known = [part for part in parts if len(part) >= MIN_PART_LENGTH]
        known += [fold_user_name(user.name)] if user.name else []
        if any(part in fold_user_name(password) for part in known):
            raise ValidationError(_("密码里不要包含自己的姓名、用户名或电话。"), code="about_you")

    def get_help_text(self) -> str:
        """Return the rule in a sentence."""
        return _("密码里不要包含自己的姓名、用户名或电话。")
