"""Forms of the account pages, on top of those of allauth; every width and script of digits."""

from __future__ import annotations

from typing import Any, cast

from allauth.account import forms as account_forms
from allauth.account.adapter import get_adapter
from allauth.account.fields import PasswordField
from allauth.core import context
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.base import forms as mfa_forms
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.lib.form_fields import EmailAddressField, NumberTextField, UserNameField
from members.accounts import login_delays, mail, second_factor
from members.accounts.login_delays import LoginDelayed
from members.models import User


def _without_dead_link(field: forms.Field) -> None:
    """Remove the link to the password reset from a password field when no mail can be sent."""
    if not mail.is_configured():
        field.help_text = ""


class LogInForm(account_forms.LoginForm):
    """Name and password; during a delay also the code of the second factor, which ends it.

    The name is folded, the password is not.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _without_dead_link(self.fields["password"])
        login = cast("forms.CharField", self.fields["login"])
        self.fields["login"] = UserNameField(
            label=login.label, widget=login.widget, max_length=login.max_length
        )
        self.fields["code"] = NumberTextField(
            label=_("两步验证码"),
            help_text=_(
                "设置了两步验证的，密码和验证码一起填，不用等。没有设置的，请等到时间再试。"
            ),
            required=False,
            max_length=20,
            widget=forms.HiddenInput,
        )
        if self.data.get(self.add_prefix("code")):
            self._ask_for_code()

    def _ask_for_code(self) -> None:
        self.fields["code"].widget = forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}
        )

    def user_credentials(self) -> dict[str, Any]:
        """Return name, password and, if one was typed, the code."""
        credentials: dict[str, Any] = super().user_credentials()
        code = self.cleaned_data.get("code")
        return credentials | ({"code": code} if code else {})

    def _clean_with_password(self, credentials: dict[str, Any]) -> dict[str, Any]:
        """Show the field of the code when the attempt has to wait."""
        has_code = "code" in credentials
        try:
            cleaned: dict[str, Any] = super()._clean_with_password(credentials)
        except LoginDelayed:
            self._ask_for_code()
            raise
        except ValidationError as error:
            if has_code:
                raise ValidationError(gettext("用户名、密码或验证码不对。")) from error
            raise
        return cleaned


class ChangePasswordForm(account_forms.ChangePasswordForm):
    """The only form that changes a password; wrong guesses of the old one count like at log-in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _without_dead_link(self.fields["oldpassword"])

    def clean_oldpassword(self) -> str:
        """Check the present password; raise LoginDelayed after too many wrong ones."""
        password, user = str(self.cleaned_data["oldpassword"]), cast("User", self.user)
        if not get_adapter().reauthenticate(user, password):
            raise get_adapter().validation_error("enter_current_password")
        user.refresh_from_db(fields=["password"])  # its hash may just have been renewed
        return password


class ReauthenticateForm(account_forms.ReauthenticateForm):
    """The password again, before something that needs it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _without_dead_link(self.fields["password"])


class ResetForm(account_forms.ResetPasswordForm):
    """The address to which the link goes that sets a new password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        email = self.fields["email"]
        self.fields["email"] = EmailAddressField(label=email.label, widget=email.widget)

    def clean_email(self) -> str:
        """Find the active accounts of people with this address; the library's own list is ignored.

        A system account has no password, so it cannot be given one by mail.
        """
        email = str(self.cleaned_data["email"]).casefold()
        people = User.objects.filter(email__iexact=email, is_active=True, is_system=False)
        self.users = [user for user in people if user.email.casefold() == email]
        return email


class EmailForm(forms.Form):
    """Another work address of the user's own account."""

    email = EmailAddressField(label=_("新的工作邮箱"), max_length=254)
    password = PasswordField(label=_("现在的密码"), autocomplete="current-password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_email(self) -> str:
        """Refuse the address that the account has already."""
        email = str(self.cleaned_data["email"])
        if email.casefold() == self.user.email.casefold():
            raise ValidationError(gettext("这就是现在的邮箱。"))
        return email

    def clean(self) -> None:
        """Check the password last, so that a mistyped address is no wrong password."""
        super().clean()
        password = self.cleaned_data.get("password")
        if self.errors or not password:
            return
        try:
            is_right = get_adapter().reauthenticate(self.user, password)
        except LoginDelayed as delayed:
            self.add_error("password", delayed)
            return
        if not is_right:
            self.add_error("password", get_adapter().validation_error("incorrect_password"))


class _CodeForm(mfa_forms.BaseAuthenticateForm):
    """A code of the second factor, with the delays of the security log."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _accept_any_digits(self)

    def clean_code(self) -> str:
        """Check the code; raise LoginDelayed after too many wrong ones."""
        code = str(self.cleaned_data["code"])
        attempt = login_delays.of_user(context.request, self.user)
        authenticator = second_factor.check(attempt, code)
        if authenticator is None:
            raise get_mfa_adapter().validation_error("incorrect_code")
        self.authenticator = authenticator
        return code


class SecondFactorForm(_CodeForm, mfa_forms.AuthenticateForm):
    """A code of the second factor at log-in."""


class SecondFactorAgainForm(_CodeForm, mfa_forms.ReauthenticateForm):
    """A code of the second factor, asked for again before a sensitive change."""


class SecondFactorSetupForm(ActivateTOTPForm):
    """The first code of an authenticator app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _accept_any_digits(self)


def _accept_any_digits(form: forms.Form) -> None:
    code = form.fields["code"]
    form.fields["code"] = NumberTextField(label=code.label, widget=code.widget)
