"""What is asked of somebody who comes by an identity provider, and of somebody who takes one away."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount import forms as allauth
from django.db import transaction
from django.http import HttpRequest

from invitations.accounts.forms import NewNamesForm


class ProviderSignUpForm(NewNamesForm, allauth.SignupForm):
    """The names of an account, where the one that the provider suggests is taken or cannot be one. Never an address:
    that of the provider is theirs, any other may be somebody else's."""

    field_order = ("username", "display_name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for each in ("email", "email2"):
            self.fields.pop(each, None)
        self.fields["username"].widget.attrs["autofocus"] = True
        self.fields["display_name"].initial = self.sociallogin.account.extra_data.get("name", "")

    @transaction.atomic
    def save(self, request: HttpRequest) -> Any:
        """Make the account, whole or not at all."""
        return super().save(request)
