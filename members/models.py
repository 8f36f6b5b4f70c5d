"""Tables of people: the login user, posts, enrolled cadres, the inbox and its deliveries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Organisation
from config.lib.db.validity import Dated, dates_in_order
from config.lib.viewer import Scope
from grids.models import Area
from members.accounts import admin_permissions
from members.enums import ADMIN_ROLES, SINGLE_HEADS, ChannelName, MessageKind, Role, SecurityAction
from members.posts import scopes
from members.querysets import DeliveryQuerySet, InboxQuerySet, PostQuerySet, SecurityEventQuerySet


def _while_held() -> Func:
    """Return the days of a post as a range, for constraints; an open end has no upper bound."""
    return Func(F("valid_from"), F("valid_to"), Value("[]"), function="DATERANGE")


def _admin_role_number() -> Case:
    """Return 1, 2 or 3 for an administrative hat and 0 for every other post."""
    return Case(
        *(
            When(role=hat, then=Value(number))
            for number, hat in enumerate(sorted(ADMIN_ROLES), start=1)
        ),
        default=Value(0),
        output_field=models.SmallIntegerField(),
    )


class UserManager(BaseUserManager["User"]):
    """Creates users; the only place where a password is first set."""

    def create_user(
        self, username: str, password: str | None = None, *, name: str, **extra: Any
    ) -> User:
        """Create a person or a system account; without a password nobody can log in as it."""
        user = self.model(username=username, name=name, **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **extra: Any) -> User:
        """Create the first operator from the command line."""
        extra.setdefault("name", username)
        return self.create_user(username, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody, or a partner system, that logs in. What it may see follows from its posts."""

    username = models.CharField(
        _("用户名"), max_length=60, unique=True, validators=[UnicodeUsernameValidator()]
    )
    name = models.CharField(_("姓名"), max_length=40)
    email = models.EmailField(_("工作邮箱"), blank=True)
    duty_phone = models.CharField(_("值班电话"), max_length=20, blank=True)
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

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        """Return the name shown to colleagues."""
        return self.name

    @cached_property
    def scope(self) -> Scope:
        """Today's reach. It lives as long as this object, one request, and never longer."""
        return scopes.load(self, timezone.localdate())

    # Django's own versions let a superuser pass everything; here no account sees everything.

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Tell whether a hat worn today grants `perm` in the operators' pages."""
        return obj is None and perm in admin_permissions.granted(self)

    def has_perms(self, perm_list: Iterable[str], obj: Any = None) -> bool:
        """Tell whether every one of the permissions is granted."""
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        """Tell whether anything of the app is open to this user in the operators' pages."""
        return any(perm.startswith(f"{app_label}.") for perm in admin_permissions.granted(self))


class Post(Dated):
    """A dated post: work is given to the post, its holder does it, the deputy when vacant.

    A post reaches the organisation it belongs to and what that answers for; an API client's post
    reaches an area; an administrative hat reaches nothing.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="posts", verbose_name=_("任职人"))
    role = models.CharField(_("职务"), max_length=22, choices=Role)
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="posts",
        verbose_name=_("组织"),
    )
    area = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="posts", verbose_name=_("范围")
    )
    is_deputy = models.BooleanField(_("副职"), default=False)

    objects = PostQuerySet.as_manager()

    class Meta:
        verbose_name = _("任职")
        verbose_name_plural = pgettext_lazy("plural", "任职")
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=sorted(ADMIN_ROLES), organisation=None, area=None)
                | Q(role=Role.API_CLIENT, organisation=None, area__isnull=False)
                | (
                    ~Q(role__in=[*sorted(ADMIN_ROLES), Role.API_CLIENT])
                    & Q(organisation__isnull=False)
                ),
                name="post_reach_fits_role",
            ),
            dates_in_order("post_dates_in_order"),
            ExclusionConstraint(
                name="post_one_head_at_a_time",
                expressions=[
                    (F("organisation"), RangeOperators.EQUAL),
                    (F("role"), RangeOperators.EQUAL),
                    (_while_held(), RangeOperators.OVERLAPS),
                ],
                condition=Q(role__in=sorted(SINGLE_HEADS), is_deputy=False),
                violation_error_message=_("这一职务在这段时间已有人担任"),
            ),
            # Posts of one person that overlap must all wear the same hat, or all wear none.
            ExclusionConstraint(
                name="post_hats_exclude_each_other",
                expressions=[
                    (F("user"), RangeOperators.EQUAL),
                    (_admin_role_number(), RangeOperators.NOT_EQUAL),
                    (_while_held(), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_(
                    "审计、系统、安全三员须由不同的人担任，且不得兼任办理诉求的职务"
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["user"], name="post_user"),
            models.Index(fields=["organisation", "role"], name="post_org_role"),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.user}"


class NearbyEnrolment(models.Model):
    """A serving cadre enrolled into the nearest grid organisation (就近纳入).

    It is a second affiliation: it never counts for the 3/7/50 thresholds, quorum, votes or dues.
    Source: 支部工作条例 art. 16. Home address and family are never stored; the grid is enough.
    """

    name = models.CharField(_("姓名"), max_length=40)
    home_unit = models.CharField(_("工作单位"), max_length=80)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="enrolments", verbose_name=_("纳入组织")
    )
    user = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="enrolments",
        verbose_name=_("账号"),
    )
    skills = models.CharField(_("专长"), max_length=80, blank=True)
    availability = models.CharField(_("可服务时间"), max_length=80, blank=True)
    enrolled_on = models.DateField(_("纳入日期"))
    ended_on = models.DateField(_("转出日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("就近纳入干部")
        verbose_name_plural = pgettext_lazy("plural", "就近纳入干部")
        indexes = [models.Index(fields=["organisation"], name="enrolment_org")]

    def __str__(self) -> str:
        return self.name


class InboxMessage(models.Model):
    """One thing one person is told about one event; `key` makes it once (`event:user`).

    Title and link name a case by number, place and category only; nothing about its petitioner.
    A message that waits for working time has `show_from` in the future.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="inbox")
    key = models.CharField(max_length=80, unique=True)
    kind = models.CharField(_("类别"), max_length=12, choices=MessageKind)
    title = models.CharField(_("标题"), max_length=160)
    url = models.CharField(max_length=200)
    is_urgent = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    show_from = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    objects = InboxQuerySet.as_manager()

    class Meta:
        verbose_name = _("消息")
        verbose_name_plural = pgettext_lazy("plural", "消息")
        indexes = [
            models.Index(fields=["user", "-id"], name="inbox_user_newest"),
            models.Index(fields=["user"], name="inbox_unread", condition=Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return self.title


class Delivery(models.Model):
    """One message going out by one channel; a lease lets many workers share the work safely.

    `key` is unique (`message:channel`, or `digest:user:date`), so a repeat never sends twice.
    """

    key = models.CharField(max_length=80, unique=True)
    user = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="deliveries")
    channel = models.CharField(max_length=8, choices=ChannelName)
    message = models.ForeignKey(
        InboxMessage, models.CASCADE, null=True, blank=True, related_name="deliveries"
    )
    send_from = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("外发")
        verbose_name_plural = pgettext_lazy("plural", "外发")
        indexes = [
            models.Index(
                fields=["send_from"],
                name="delivery_pending",
                condition=Q(sent_at=None, failed_at=None),
            ),
            models.Index(
                fields=["user", "-send_from"], name="delivery_digests", condition=Q(message=None)
            ),
        ]

    def __str__(self) -> str:
        return self.key


class SecurityEvent(models.Model):
    """A line of the security log: log-ins, refusals, changes of rights; kept at least 6 months."""

    at = models.DateTimeField(auto_now_add=True)
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    action = models.CharField(max_length=40, choices=SecurityAction)
    detail = models.JSONField(default=dict)

    objects = SecurityEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("安全日志")
        verbose_name_plural = pgettext_lazy("plural", "安全日志")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["at"],
                name="security_failed_logins",
                condition=Q(action=SecurityAction.LOGIN_FAILED),
            )
        ]

    def __str__(self) -> str:
        return self.action
