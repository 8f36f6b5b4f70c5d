"""Mail to an account about the account itself, and the checks of the mail settings."""

from __future__ import annotations

from typing import Any

import structlog
from django.conf import settings
from django.core import checks
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _

from config.lib.web import site_links
from members.models import User

_log = structlog.get_logger("mail")
_CONSOLE = "django.core.mail.backends.console.EmailBackend"
_NONE = "django.core.mail.backends.dummy.EmailBackend"


def is_configured() -> bool:
    """Return whether the system sends mail; without a mail server it sends none."""
    return str(settings.EMAIL_BACKEND) != _NONE


def send(message: EmailMessage) -> bool:
    """Send one mail and return whether the server accepted it; the log names no address."""
    try:
        message.send()
    except OSError as error:  # smtplib's exceptions too
        _log.warning("mail_failed", kind=type(error).__name__)
        return False
    return True


def tell_former_address(user: User, address: str) -> bool:
    """Tell the former address of an account that the account has another one.

    The new address is not named. Returns whether a mail was accepted.
    """
    if not is_configured() or not address:
        return False
    with translation.override(settings.LANGUAGE_CODE):
        subject = _("【%(product)s】您的工作邮箱已修改") % {"product": settings.PRODUCT_NAME}
        body = _(
            "用户名 %(username)s 的工作邮箱刚刚改成了另一个地址，"
            "通知和重设密码的邮件不再寄到这里。\n"
            "如果不是您改的，也没有请安全管理员改，请马上告诉安全管理员，并修改密码。\n"
            "%(link)s\n"
        ) % {"username": user.username, "link": site_links.absolute("/")}
    return send(EmailMessage(subject, body, to=[address]))


@checks.register
def check_backend(**_context: Any) -> list[checks.CheckMessage]:
    """System check: no mail is printed, because the log would contain links that set passwords."""
    if settings.EMAIL_BACKEND != _CONSOLE:
        return []
    return [
        checks.Error(
            "EMAIL_BACKEND prints mails into the log, with links that set a password.",
            "Name a mail server in EMAIL_HOST, or leave both unset: then no mail is sent.",
            id="members.E002",
        )
    ]


@checks.register(deploy=True)
def check_mail_server(**_context: Any) -> list[checks.CheckMessage]:
    """System check of a deployment: a mail server is configured."""
    if is_configured():
        return []
    return [
        checks.Warning(
            "No mail server is configured, so no mail is sent: no notices by mail, and a forgotten"
            " password needs the security administrator.",
            "Set EMAIL_HOST.",
            id="members.W001",
        )
    ]
