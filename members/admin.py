"""Admin of users: accounts, posts, tokens, enrolled cadres, deliveries."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.account.views import logout
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from knox.models import AuthToken

from config.lib import holdings
from config.lib.admin import BaseAdmin, BaseModelForm, NoDeleteAdmin
from config.lib.delivery_admin import DeliveryQueueAdmin
from config.lib.ending_admin import EndingAdmin
from members import workflow
from members.accounts.pages import redirect_to_change_password
from members.enums import LEVELS_OF_ROLE, Role
from members.models import Delivery, NearbyEnrolment, Post, User

# The admin uses the site's log-in, with its delays and second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # as allauth says
admin.site.logout = logout  # type: ignore[method-assign,assignment]  # a view
# There is one page that changes a password, which counts wrong guesses and writes the log.
admin.site.password_change = redirect_to_change_password  # type: ignore[method-assign,assignment]
admin.site.password_change_done = redirect_to_change_password  # type: ignore[method-assign,assignment]
# No administrator role may use these pages of other packages; tokens get their own below.
admin.site.unregister([Group, EmailAddress, Authenticator, UserSession, AuthToken])


def _by(request: HttpRequest) -> User:
    return cast("User", request.user)


def _lock(user: User, by: User) -> str:
    """Lock an account; return what it holds. An account may have to be locked at once."""
    workflow.lock(user=user, by=by)
    return " ".join(item.text for item in holdings.of("user", user, timezone.localdate()))


@admin.register(User)
class UserAdmin(NoDeleteAdmin):
    """Accounts; a first password is generated once and changed by its owner, never typed here."""

    is_logged_by_workflow = True
    list_display = ["username", "name", "is_active", "is_system", "last_login"]
    list_filter = ["is_active", "is_system"]
    ordering = ["username"]
    search_fields = ["username", "name"]
    fields = ["username", "name", "email", "duty_phone", "is_system"]
    actions = ["give_first_password", "reset_second_factor", "lock", "unlock"]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Make the user name of an existing account read-only; logs and WeCom refer to it."""
        return ["username", "is_system"] if obj else []

    def change_row(self, request: HttpRequest, obj: User, form: Any) -> None:
        """Change through the workflow, which writes the security log."""
        workflow.change_person(user=obj, by=_by(request), fields=form.changed_data)

    def add_row(self, request: HttpRequest, obj: User, form: Any) -> None:
        """Create through the workflow, which writes the security log."""
        user = workflow.create_person(
            username=obj.username,
            name=obj.name,
            email=obj.email,
            duty_phone=obj.duty_phone,
            is_system=obj.is_system,
            by=_by(request),
        )
        obj.pk = user.pk

    def _each(
        self, request: HttpRequest, users: QuerySet[User], verb: Any
    ) -> list[tuple[User, Any]]:
        """Apply a workflow function to each account; return the results and report the refusals.

        A message says that it was done, and never the result: messages travel in a cookie.
        """
        results = []
        for user in users:
            try:
                results.append((user, verb(user=user, by=_by(request))))
            except ValidationError as error:
                messages.error(
                    request,
                    gettext("%(user)s：%(why)s") % {"user": user, "why": " ".join(error.messages)},
                )
            else:
                messages.success(request, gettext("%(user)s：已办妥。") % {"user": user})
        return results

    @admin.action(description=_("发放初始密码（只显示这一次）"), permissions=["change"])
    def give_first_password(
        self, request: HttpRequest, users: QuerySet[User]
    ) -> HttpResponse | None:
        """Set a random first password for the selected account, and show it once.

        The page itself shows it, and is not cached. Its owner must change it at the first log-in.
        Accounts of the system are refused, and more than one at a time: a slip of the mouse would
        take the passwords of all.
        """
        if len(users) != 1:
            messages.error(request, gettext("初始密码一次只给一个账号发放，请只勾选一个。"))
            return None
        passwords = self._each(request, users, workflow.set_first_password)
        context = admin.site.each_context(request) | {
            "title": gettext("初始密码"),
            "opts": self.opts,
            "passwords": passwords,
        }
        response = render(request, "admin/members/first_passwords.html", context)
        add_never_cache_headers(response)
        return response

    @admin.action(description=_("重置两步验证"), permissions=["change"])
    def reset_second_factor(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """Delete the second factor, so that its owner can set it up again."""
        self._each(request, users, workflow.reset_second_factor)

    @admin.action(description=_("停用账号"), permissions=["change"])
    def lock(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """Deactivate accounts at once, and say what they held."""
        for user, holdings_text in self._each(request, users, _lock):
            if holdings_text:
                words = {"user": user, "held": holdings_text}
                messages.info(request, gettext("%(user)s：%(held)s") % words)

    @admin.action(description=_("启用账号"), permissions=["change"])
    def unlock(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """Reactivate accounts."""
        self._each(request, users, workflow.unlock)


class PostForm(BaseModelForm):
    """A post to assign."""

    class Meta:
        model = Post
        fields = ["user", "role", "organisation", "area", "is_deputy", "valid_from", "valid_to"]

    def clean(self) -> dict[str, Any]:
        """Reject a role that does not exist at the organisation's level."""
        data = super().clean()
        role, organisation = data.get("role"), data.get("organisation")
        levels = LEVELS_OF_ROLE.get(Role(role)) if role else None
        if levels is not None and (organisation is None or organisation.level not in levels):
            self.add_error("organisation", gettext("这一职务不设在这一级组织。"))
        return data


@admin.register(Post)
class PostAdmin(EndingAdmin):
    """Posts: assigned, and ended by an act of its own; an existing post is never edited."""

    is_logged_by_workflow = True
    form = PostForm
    list_display = ["user", "role", "organisation", "area", "is_deputy", "valid_from", "valid_to"]
    list_filter = ["role", "is_deputy"]
    list_select_related = ["user", "organisation", "area"]
    search_fields = ["user__name", "user__username", "organisation__name"]
    autocomplete_fields = ["user"]
    raw_id_fields = ["organisation", "area"]
    holdings_kind = "post"
    ending_label = _("结束任职")

    def get_readonly_fields(self, request: HttpRequest, obj: Post | None = None) -> list[str]:
        """Make an existing post read-only."""
        return PostForm.Meta.fields if obj else []

    def add_row(self, request: HttpRequest, obj: Post, form: Any) -> None:
        """Assign through the workflow, which writes the security log."""
        post = workflow.appoint(
            user=obj.user,
            role=Role(obj.role),
            by=_by(request),
            organisation=obj.organisation,
            area=obj.area,
            is_deputy=obj.is_deputy,
            valid_from=obj.valid_from,
            valid_to=obj.valid_to,
        )
        obj.pk = post.pk

    def end_row(self, row: Post, data: dict[str, Any], request: HttpRequest) -> None:
        """End a post through the workflow, which writes the security log."""
        workflow.end_post(post=row, on=data["on"], by=_by(request))


@admin.register(AuthToken)
class TokenAdmin(BaseAdmin):
    """API tokens of partner systems: viewed and revoked here, issued on the command line."""

    list_display = ["token_key", "user", "created", "expiry"]
    list_select_related = ["user"]
    search_fields = ["token_key", "user__username"]
    fields = ["token_key", "user", "created", "expiry"]
    readonly_fields = ["token_key", "user", "created", "expiry"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: `issue_token` creates tokens."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: a token can only be deleted."""
        return False

    def delete_model(self, request: HttpRequest, obj: AuthToken) -> None:
        """Revoke a token."""
        workflow.revoke_tokens(tokens=[obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[AuthToken]) -> None:
        """Revoke the selected tokens."""
        workflow.revoke_tokens(tokens=list(queryset))


@admin.register(NearbyEnrolment)
class NearbyEnrolmentAdmin(NoDeleteAdmin):
    """Enrolled cadres: name, unit and grid organisation; no home address, no family."""

    list_display = ["name", "home_unit", "organisation", "enrolled_on", "ended_on"]
    list_select_related = ["organisation"]
    search_fields = ["name", "home_unit", "organisation__name"]
    raw_id_fields = ["organisation", "user"]
    show_full_result_count = False

    def add_row(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Enrol through the workflow."""
        workflow.save_enrolment(enrolment=obj)

    def change_row(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Correct through the workflow."""
        workflow.save_enrolment(enrolment=obj)


@admin.register(Delivery)
class DeliveryAdmin(DeliveryQueueAdmin):
    """Deliveries to users: recipient, channel and state, without the message."""

    list_display = ["user", "channel", "state_label", "attempts", "send_from", "failed_at"]
    list_select_related = ["user"]
    fields = ["user", "channel", "state_label", "attempts", "send_from", "retry_at", "sent_at"]
    ordering = ["-id"]
