"""Forms of allauth, whose fields accept every width and script of digits."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.forms import LoginForm, ResetPasswordForm
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms

from config.lib.form_fields import EmailAddressField, NumberTextField, UserNameField


class LogInForm(LoginForm):
    """User name and password; the name is folded, the password is not."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login = cast("forms.CharField", self.fields["login"])
        self.fields["login"] = UserNameField(
            label=login.label, widget=login.widget, max_length=login.max_length
        )


class ResetForm(ResetPasswordForm):
    """The e-mail address to which a link for a new password is sent."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        email = self.fields["email"]
        self.fields["email"] = EmailAddressField(label=email.label, widget=email.widget)


class SecondFactorForm(AuthenticateForm):
    """A code of the second factor at log-in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _accept_any_digits(self)


class SecondFactorAgainForm(ReauthenticateForm):
    """A code of the second factor, asked for again before a sensitive change."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _accept_any_digits(self)


class SecondFactorSetupForm(ActivateTOTPForm):
    """The first code of an authenticator app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _accept_any_digits(self)


def _accept_any_digits(form: forms.Form) -> None:
    code = form.fields["code"]
    form.fields["code"] = NumberTextField(label=code.label, widget=code.widget)
