"""The sign-in and sign-up forms. Only Django's validators judge passwords."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import AuthenticationForm, UserCreationForm
from django.db import transaction

from invitations.models import CallingPreferences, User, names
from invitations.models.user import username_characters
from invitations.words import say_lazy

PUBLIC_ID = get_user_model().USERNAME_FIELD


class SignInForm(AuthenticationForm):
    """User name and password. Answers the same to an unknown name as to a wrong password."""

    error_messages = {
        "invalid_login": say_lazy("sign_in.wrong"),
        "inactive": say_lazy("sign_in.wrong"),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe(self.fields["username"])


class SignUpForm(UserCreationForm):
    """A new account: its permanent public id, the name that others see, and a password."""

    display_name = forms.CharField(
        label=say_lazy("field.display_name"),
        max_length=names.NAME_CHARS,
        required=False,
        help_text=say_lazy("field.display_name.help"),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = (PUBLIC_ID, "display_name", "password1", "password2")

    class Meta:
        model = get_user_model()
        fields = (PUBLIC_ID,)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        public_id = self.fields[PUBLIC_ID]
        _describe(public_id)
        if get_user_model() is User:
            public_id.help_text = say_lazy("field.username.help")
        else:
            public_id.validators.append(username_characters)
        self.fields["password1"].help_text = say_lazy("field.password.help")
        self.fields["password2"].label = say_lazy("field.password_again")
        self.fields["password2"].help_text = ""

    def clean_display_name(self) -> str:
        return names.tidy(self.cleaned_data["display_name"])

    @transaction.atomic
    def save(self, commit: bool = True) -> Any:
        user = super().save(commit=commit)
        name = self.cleaned_data["display_name"]
        if commit and name:
            CallingPreferences.objects.update_or_create(user=user, defaults={"display_name": name})
        return user


def _describe(public_id: forms.Field) -> None:
    """Name the public id: a user name in our own accounts, and the field's own label in another user model."""
    if get_user_model() is User:
        public_id.label = say_lazy("field.username")
    public_id.widget.attrs |= {"autocapitalize": "none", "spellcheck": "false"}
