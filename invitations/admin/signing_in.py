"""Django admin's own sign-in page, guarded like every other door."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from invitations.errors import CallError
from invitations.requests import throttles


class GuardedSignInForm(AdminAuthenticationForm):
    """Django admin's form, whose attempts count like those at any other door."""

    def clean(self) -> Any:
        """Look at the password, unless there were too many attempts."""
        # The form is always made with the request; only tests of Django's own make it without.
        request = self.request or HttpRequest()
        try:
            with throttles.door(request, self.cleaned_data.get("username", "")):
                return super().clean()
        except CallError as error:
            raise ValidationError(error.detail, code=str(error.code)) from None


admin.site.login_form = GuardedSignInForm
