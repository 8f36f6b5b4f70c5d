"""Model of the login user."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth import hashers
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models, transaction
from django.db.models import F, Func
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.lib.db.folded_fields import TelephoneColumn, UserNameColumn
from config.lib.viewer import Scope
from members.models import rights_records
from members.rights import admin_permissions, scopes


class UserManager(BaseUserManager["User"]):
    """Creates users and sets their first passwords."""

    def create_user(
        self, username: str, password: str | None = None, *, name: str, **extra: Any
    ) -> User:
        """Create a person or a system account; without a password it cannot log in."""
        user = self.model(username=username, name=name, **extra)
        user.set_password(password)
        with transaction.atomic(using=self._db):
            user.save(using=self._db)
            rights_records.record(user)
        return user

    def create_superuser(self, username: str, password: str | None = None, **extra: Any) -> User:
        """Create the first administrator from the command line."""
        extra.setdefault("name", username)
        return self.create_user(username, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractBaseUser, PermissionsMixin):
    """A person or partner system that logs in; its scope follows from its posts."""

    username = UserNameColumn(
        _("用户名"), max_length=60, unique=True, validators=[UnicodeUsernameValidator()]
    )
    name = models.CharField(_("姓名"), max_length=40)
    email = models.EmailField(_("工作邮箱"), blank=True)
    duty_phone = TelephoneColumn(_("值班电话"), max_length=20, blank=True)
    is_system = models.BooleanField(_("系统账号"), default=False)
    is_active = models.BooleanField(_("启用"), default=True)
    is_staff = models.BooleanField(_("可进后台"), default=False)
    must_change_password = models.BooleanField(_("须改初始密码"), default=False)
    date_joined = models.DateTimeField(_("建立时间"), auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        verbose_name = _("用户")
        verbose_name_plural = pgettext_lazy("plural", "用户")
        constraints = [
            # Names are stored folded; this holds for rows that raw SQL writes, too.
            models.UniqueConstraint(
                Lower(Func(F("username"), template="normalize(%(expressions)s, NFKC)")),
                name="user_name_unique_when_folded",
                violation_error_message=_("已经有这个用户名（不分大小写和全角半角）。"),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        """Return the name shown to colleagues."""
        return self.name

    def check_password(self, raw_password: str | None) -> bool:
        """Return whether the password is right; renew a hash of an older kind, and record it."""
        return hashers.check_password(raw_password, self.password, self._renew_hash)

    def _renew_hash(self, raw_password: str) -> None:
        """Store a new hash of the same password, unless another password was set meanwhile."""
        renewed = hashers.make_password(raw_password)  # takes long, so before the row is locked
        row = User.objects.filter(pk=self.pk, password=self.password)
        with rights_records.recorded(self):
            if row.update(password=renewed):
                self.password = renewed

    @cached_property
    def scope(self) -> Scope:
        """Today's scope, cached on this object, that is, for one request."""
        return scopes.load(self, timezone.localdate())

    @cached_property
    def post_history(self) -> Scope:
        """The posts held until today, without any right, also of a locked account; cached."""
        return scopes.post_history(self.pk, timezone.localdate())

    # Django's versions grant a superuser everything; here no account may see everything.

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Return whether an administrator role held today grants `perm` in the admin."""
        return obj is None and perm in admin_permissions.granted(self)

    def has_perms(self, perm_list: Iterable[str], obj: Any = None) -> bool:
        """Return whether every one of the permissions is granted."""
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        """Return whether any permission of the app is granted."""
        return any(perm.startswith(f"{app_label}.") for perm in admin_permissions.granted(self))
