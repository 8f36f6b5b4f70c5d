"""Workflow of people: create, appoint, end and hand over posts, lock, unlock, first password."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from knox.models import AuthToken

from branches.models import Organisation
from config.lib.db.validity import check_not_prolonged
from grids.models import Area
from members.accounts import audit_log, mail
from members.enums import ADMIN_ROLES, LEVELS_OF_ROLE, Role, SecurityAction
from members.models import NearbyEnrolment, Post, User, rights_records

FIRST_PASSWORD_BYTES = 12  # 16 characters, read out once
PERSON_FIELDS = ("name", "email", "duty_phone", "is_system")
"""What an administrator may change about an account."""


@transaction.atomic
def create_person(
    *,
    username: str,
    name: str,
    by: User | None,
    email: str = "",
    duty_phone: str = "",
    is_system: bool = False,
) -> User:
    """Create an account that cannot log in until it has a first password.

    Raises ValidationError, by field, if the user name is taken or malformed.
    """
    user = User(
        username=username, name=name, email=email, duty_phone=duty_phone, is_system=is_system
    )
    user.set_unusable_password()
    user.full_clean()
    user.save()
    rights_records.record(user)
    _log(SecurityAction.PERSON_CREATED, user, by)
    return user


def change_person(*, user: User, by: User, fields: Sequence[str] = PERSON_FIELDS) -> None:
    """Save what an administrator changed about a person and log the field names.

    Only `fields` are looked at: what somebody else wrote in another one meanwhile stays.
    A mail tells the former address about another address, when a mail server accepts it.
    """
    with rights_records.recorded(user):
        user.full_clean()
        before = User.objects.get(pk=user.pk)
        changed = [
            name
            for name in PERSON_FIELDS
            if name in fields and getattr(before, name) != getattr(user, name)
        ]
        if user.pk == by.pk and "email" in changed:
            raise ValidationError({"email": _("自己的工作邮箱请在“我的”里修改。")})
        if changed:
            user.save(update_fields=changed)
            labels = [
                str(getattr(User._meta.get_field(name), "verbose_name", name)) for name in changed
            ]
            _log(SecurityAction.PERSON_CHANGED, user, by, "、".join(labels), fields=changed)
        if "email" in changed:
            _log(SecurityAction.EMAIL_CHANGED, user, by)
    if "email" in changed:
        mail.tell_former_address(user, before.email)


@transaction.atomic
def change_email(*, user: User, email: str) -> None:
    """Change the address of the user's own account; the caller has checked the password.

    Raises ValidationError, and changes nothing, if the former address cannot be told: the change
    would otherwise go unnoticed.
    """
    with rights_records.recorded(user):
        account = User.objects.get(pk=user.pk)
        if not account.is_active:
            raise ValidationError(_("账号已停用。"))
        former, account.email = account.email, email
        account.full_clean()
        account.save(update_fields=["email"])
    _log(SecurityAction.EMAIL_CHANGED, account, account)
    if former and not mail.tell_former_address(account, former):
        raise ValidationError(_("现在不能寄邮件通知原来的邮箱，所以没有修改。请安全管理员修改。"))
    user.email = email


@transaction.atomic
def set_first_password(*, user: User, by: User | None) -> str:
    """Set and return a random first password; the owner must change it at first login."""
    if user.is_system:
        raise ValidationError(_("系统账号不用密码登录，请发放接口令牌。"))
    if by is not None and user.pk == by.pk:
        raise ValidationError(_("自己的密码请在“我的”里修改，或请另一位安全管理员发放。"))
    password = secrets.token_urlsafe(FIRST_PASSWORD_BYTES)
    user.set_password(password)
    user.must_change_password = True
    with rights_records.recorded(user):
        user.save(update_fields=["password", "must_change_password"])
    _log(SecurityAction.FIRST_PASSWORD, user, by)
    return password


@transaction.atomic
def set_password_by_command(*, user: User, hashed: str) -> None:
    """Set the hash of a password that was typed on the command line."""
    user.password = hashed
    with rights_records.recorded(user):
        user.save(update_fields=["password"])
    _log(SecurityAction.PASSWORD_SET, user, None)


@transaction.atomic
def lock(*, user: User, by: User) -> None:
    """Deactivate an account: sessions end, tokens stop working with the next request."""
    if user.pk == by.pk:
        raise ValidationError(_("不能停用自己的账号。"))
    user.is_active = False
    with rights_records.recorded(user):
        user.save(update_fields=["is_active"])
    for session in UserSession.objects.filter(user=user):
        session.end()
    _log(SecurityAction.LOCKED, user, by)


@transaction.atomic
def unlock(*, user: User, by: User) -> None:
    """Reactivate an account."""
    user.is_active = True
    with rights_records.recorded(user):
        user.save(update_fields=["is_active"])
    _log(SecurityAction.UNLOCKED, user, by)


@transaction.atomic
def reset_second_factor(*, user: User, by: User) -> None:
    """Delete TOTP and recovery codes; the owner sets the second factor up again."""
    if user.pk == by.pk:
        raise ValidationError(_("自己的两步验证请另一位安全管理员重置。"))
    Authenticator.objects.filter(user=user).delete()
    _log(SecurityAction.SECOND_FACTOR_RESET, user, by)


@transaction.atomic
def issue_token(*, user: User, days: int, by: User | None) -> str:
    """Return a new API token of a system account, valid `days` days; it is shown only once."""
    if not user.is_system:
        raise ValidationError(_("只有系统账号可以使用接口令牌。"))
    if not user.is_active:
        raise ValidationError(_("账号已停用。"))
    row, token = AuthToken.objects.create(user=user, expiry=dt.timedelta(days=days))
    rights_records.record(row)
    _log(SecurityAction.TOKEN_ISSUED, user, by, token=row.token_key, days=days)
    return str(token)


@transaction.atomic
def revoke_tokens(*, tokens: Sequence[AuthToken]) -> None:
    """Delete API tokens; the admin writes the security log."""
    with rights_records.recorded(*tokens):
        AuthToken.objects.filter(pk__in=[token.pk for token in tokens]).delete()


@transaction.atomic
def appoint(
    *,
    user: User,
    role: Role,
    by: User | None,
    valid_from: dt.date,
    valid_to: dt.date | None = None,
    organisation: Organisation | None = None,
    area: Area | None = None,
    is_deputy: bool = False,
) -> Post:
    """Give a person a post from a day on.

    Raises ValidationError if the role does not exist at the organisation's level, the post already
    has a holder, or the person would combine two administrator roles, or one with another post. A
    system account has no other role than that of a program, and a person never has it.
    """
    if by is not None and by.pk == user.pk:
        raise ValidationError(_("不能给自己任职。"))
    if user.is_system and role != Role.API_CLIENT:
        raise ValidationError({"role": _("系统账号只能任“系统对接”，不能替人任职。")})
    if not user.is_system and role == Role.API_CLIENT:
        raise ValidationError({"role": _("这一职务只给系统账号，不给个人。")})
    levels = LEVELS_OF_ROLE.get(role)
    if levels is not None and (organisation is None or organisation.level not in levels):
        raise ValidationError({"organisation": _("这一职务不设在这一级组织。")})
    post = Post(
        user=user,
        role=role,
        organisation=organisation,
        area=area,
        is_deputy=is_deputy,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    _save(post)
    if role in ADMIN_ROLES and not user.is_staff:
        user.is_staff = True
        with rights_records.recorded(user):
            user.save(update_fields=["is_staff"])
    _log(SecurityAction.POST_GIVEN, user, by, _words(post), post=post.pk, role=role.value)
    return post


@transaction.atomic
def end_post(*, post: Post, on: dt.date, by: User | None) -> None:
    """End a post; `on` is its last day. Open pages lose its rights after that day.

    A day in the past is stored as it was; the rights ended only today (`Post.rights_until`).
    ValidationError if the post has ended, or if it would run longer than it does.
    """
    stored = Post.objects.select_for_update().get(pk=post.pk).valid_to
    if stored is not None and stored < timezone.localdate():
        raise ValidationError({"valid_to": _("这项任职已经结束。")})
    check_not_prolonged(stored, on)
    post.valid_to, post.rights_until = on, max(on, timezone.localdate())
    _save(post, ["valid_to", "rights_until"])
    on_text = on.isoformat()
    _log(SecurityAction.POST_ENDED, post.user, by, _words(post), post=post.pk, on=on_text)


@transaction.atomic
def hand_over(*, post: Post, to: User, on: dt.date, by: User | None) -> Post:
    """Pass a post to another person from `on`; the predecessor keeps it until the day before.

    Work is assigned to the post, so nothing has to be moved.
    """
    end_post(post=post, on=on - dt.timedelta(days=1), by=by)
    return appoint(
        user=to,
        role=Role(post.role),
        by=by,
        valid_from=on,
        organisation=post.organisation,
        area=post.area,
        is_deputy=post.is_deputy,
    )


def save_enrolment(*, enrolment: NearbyEnrolment) -> None:
    """Add or correct the enrolment of a cadre (就近纳入)."""
    enrolment.full_clean()
    enrolment.save()


def _log(
    action: SecurityAction, user: User, by: User | None, message: str = "", **detail: Any
) -> None:
    """Write what was done to an account to the security log."""
    about = audit_log.of_user(user)
    detail |= {"of": user.pk} | audit_log.origin()
    audit_log.write(action, user=by, about=about, message=message, **detail)


def _words(post: Post) -> str:
    """Return a post in words: role, organisation or area, first and last day."""
    with translation.override(audit_log.RECORD_LANGUAGE):
        role = str(Role(post.role).label)
    place = str(post.organisation or post.area or "")
    days = f"{post.valid_from}—{post.valid_to or ''}"
    return "，".join(part for part in (role, place, days) if part)


def _save(post: Post, fields: Sequence[str] = ()) -> None:
    """Insert a post, or save `fields` of it; convert a constraint violation to ValidationError."""
    post.full_clean()
    try:
        with transaction.atomic():
            if fields:
                with rights_records.recorded(post):
                    post.save(update_fields=fields)
            else:
                post.save(force_insert=True)
                rights_records.record(post)
    except IntegrityError as error:  # a concurrent insert between check and save
        raise ValidationError(_("任职与已有的任职冲突，请刷新后再试。")) from error
