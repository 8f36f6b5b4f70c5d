"""Account pages that change those of allauth; the redirect of the admin's password page."""

from __future__ import annotations

from typing import Any

from allauth.account import views
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.generic import RedirectView

from members.accounts import known_devices, mail
from members.models import User


class PasswordChangeView(views.PasswordChangeView):
    """The only page that changes a password; the browser stays a known device."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Refuse an account without a password: only a first password or a mail gives it one."""
        user = request.user
        if isinstance(user, User) and not user.has_usable_password():
            raise PermissionDenied
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        """Change the password, which makes other browsers unknown devices."""
        response: HttpResponse
        try:
            response = super().form_valid(form)
        except ValidationError as error:
            return _refused(self, form, error)
        known_devices.remember(self.request, response, form.user)
        return response


class PasswordResetView(views.PasswordResetView):
    """Asks for the address to which the link goes; without a mail server it says what to do."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Show a page without a form when no mail can be sent."""
        if not mail.is_configured():
            return render(request, "account/password_reset_without_mail.html")
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response


class PasswordResetFromKeyView(views.PasswordResetFromKeyView):
    """Sets the new password of who opened the link of the mail."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Set the password, unless the account was locked or its password replaced meanwhile."""
        try:
            response: HttpResponse = super().form_valid(form)
        except ValidationError as error:
            return _refused(self, form, error)
        return response


def _refused(view: Any, form: Any, error: ValidationError) -> HttpResponse:
    """Show the form again with the reason why nothing was changed."""
    form.add_error(None, error)
    response: HttpResponse = view.form_invalid(form)
    return response


change_password = PasswordChangeView.as_view()
reset_password = PasswordResetView.as_view()
reset_password_from_key = PasswordResetFromKeyView.as_view()
redirect_to_change_password = RedirectView.as_view(pattern_name="account_change_password")
