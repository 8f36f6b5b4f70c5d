"""What a password may not be, beyond Django's own four rules."""

from __future__ import annotations

import re

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from members.models import User

SHORTEST_PART = 4  # digits of a phone, letters of a user name, that already count as a give-away


class NotAboutYouValidator:
    """Refuses a password that holds one's own name, user name or phone number."""

    def validate(self, password: str, user: User | AnonymousUser | None = None) -> None:
        """Raise ValidationError when the password contains what colleagues know anyway."""
        if not isinstance(user, User):
            return
        phone = re.sub(r"\D", "", user.duty_phone)
        parts = [user.username.casefold(), phone, phone[-8:]]
        known = [part for part in parts if len(part) >= SHORTEST_PART]
        known += [user.name.casefold()] if user.name else []
        if any(part in password.casefold() for part in known):
            raise ValidationError(_("密码里不要包含自己的姓名、用户名或电话。"), code="about_you")

    def get_help_text(self) -> str:
        """Return the rule in a sentence."""
        return _("密码里不要包含自己的姓名、用户名或电话。")
