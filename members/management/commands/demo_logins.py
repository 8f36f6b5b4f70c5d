"""Print the demo log-ins: role, user name, password, and what to try."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from members.demo_logins import LOGINS
from members.enums import Role
from members.models import User


class Command(BaseCommand):
    """Print one log-in per role of the sample."""

    help = "Print the demo log-ins of the sample."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Print a table of the demo accounts that exist."""
        there = set(User.objects.values_list("username", flat=True).filter(is_active=True))
        rows = [
            (
                login.username,
                _("令牌") if login.role == Role.API_CLIENT else settings.DEMO_PASSWORD,
                str(login.role.label),
                str(login.try_this),
            )
            for login in LOGINS
            if login.username in there
        ]
        if not rows:
            self.stdout.write(_("没有演示账号，请先载入样例数据：manage.py load_sample"))
            return
        for row in [(_("用户名"), _("密码"), _("职务"), _("可以试试")), *rows]:
            cells = [_padded(cell, width) for cell, width in zip(row, (12, 16, 18, 0), strict=True)]
            self.stdout.write("  " + "  ".join(cells).rstrip())


def _padded(text: str, width: int) -> str:
    """Pad to a display width; a Chinese character takes two columns."""
    columns = sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)
    return text + " " * max(0, width - columns)
