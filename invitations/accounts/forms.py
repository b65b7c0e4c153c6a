"""allauth's forms in our words. Only Django's validators judge passwords."""

from __future__ import annotations

from typing import Any

from allauth.account import app_settings
from allauth.account import forms as allauth
from allauth.account.internal.flows.login import record_authentication
from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from invitations import conf, mailing
from invitations.accounts import links
from invitations.models import CallingPreferences, SignUpLink, User, likeness, names
from invitations.requests import audit
from invitations.requests.called import holds
from invitations.words import say_lazy

NAME = "username"
"""The field of a name or an address as it is sent, whatever allauth calls it: password managers and scripts know it."""


FILLED_IN = ("username", "webauthn")
"""What browsers may fill into the field of a name: one they know, or one of a passkey, which then signs in."""


class SignInForm(allauth.LoginForm):
    """Name or email address, and password. Answers the same to an unknown name as to a wrong password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        takes_both = app_settings.LoginMethod.USERNAME in app_settings.LOGIN_METHODS and mailing.can_send()
        _name(self, "login", say_lazy("field.username_or_email") if takes_both else _name_of_names())
        _name(self, "password", say_lazy("field.password"))
        if "remember" in self.fields:
            _name(self, "remember", say_lazy("field.remember"))
            self.fields["remember"].initial = not settings.SESSION_EXPIRE_AT_BROWSER_CLOSE
        self.fields["login"].widget.attrs |= {"autocomplete": " ".join(FILLED_IN), "autofocus": True}
        _is_name(self.fields["login"])

    def add_prefix(self, field_name: str) -> str:
        return super().add_prefix(NAME if field_name == "login" else field_name)


class NewNamesForm(forms.Form):
    """The names of a new account: its permanent public id, and the one that others see."""

    display_name = forms.CharField(
        label=say_lazy("field.display_name"),
        max_length=names.NAME_CHARS,
        required=False,
        help_text=say_lazy("field.display_name.help"),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "username" in self.fields:
            _name(self, "username", _name_of_names())
            _is_name(self.fields["username"])
            if get_user_model() is User:
                self.fields["username"].help_text = say_lazy("field.username.help")

    def clean_display_name(self) -> str:
        name = names.tidy(self.cleaned_data["display_name"])
        likeness.check_not_reserved(name)
        return name

    def signup(self, request: HttpRequest, user: Any) -> None:
        """What allauth calls once the account is made."""
        if name := self.cleaned_data["display_name"]:
            CallingPreferences.objects.update_or_create(user=user, defaults={"display_name": name})


class SignUpForm(NewNamesForm, allauth.SignupForm):
    """A new account: its names, an address if there is mail, and a password."""

    field_order = ("username", "display_name", "email", "password1", "password2")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "email" in self.fields and not (mailing.can_send() or self.fields["email"].required):
            del self.fields["email"]
        if "email" in self.fields:
            is_required = self.fields["email"].required
            _name(self, "email", say_lazy("field.email") if is_required else say_lazy("field.email_optional"))
            self.fields["email"].help_text = say_lazy("field.email.help")
        _name(self, "password1", say_lazy("field.password"))
        _name(self, "password2", say_lazy("field.password_again"))
        self.fields["password1"].help_text = say_lazy("field.password.help")

    @transaction.atomic
    def save(self, request: HttpRequest) -> Any:
        """Make the account, whole or not at all.

        Raises:
            PermissionDenied: the link by which somebody came was used up in the meantime.
        """
        user = super().save(request)
        token = request.session.get(links.IN_SESSION)
        is_used = token is not None and SignUpLink.objects.use(token, user, timezone.now())
        if not is_used and conf.limits().signup != "open":
            raise PermissionDenied
        if is_used:
            audit.acted(request, "sign-up-link-used", user_id=user.pk)
        request.session.pop(links.IN_SESSION, None)
        record_authentication(request, user, "password")
        return user


class ChangePasswordForm(allauth.ChangePasswordForm):
    """The password of now, and a new one twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name(self, "oldpassword", say_lazy("field.password_now"))
        _name_new_password(self)


class SetPasswordForm(allauth.SetPasswordForm):
    """A first password for somebody who signed in without one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_new_password(self)


class ResetPasswordForm(allauth.ResetPasswordForm):
    """The address to which a link to a new password goes, if it is an account's own: whoever has an address that
    somebody else only claimed does not get that account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name(self, "email", say_lazy("field.email"))

    def clean_email(self) -> str:
        email: str = super().clean_email()
        found: list[Any] = self.users  # type: ignore[has-type]
        self.users = [each for each in found if holds(each, email)]
        return email


class NewPasswordForm(allauth.ResetPasswordKeyForm):
    """What the link of a reset leads to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_new_password(self)


class EmailForm(allauth.AddEmailForm):
    """A new email address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name(self, "email", say_lazy("field.email_new"))


class ReauthenticateForm(allauth.ReauthenticateForm):
    """The password again, before something that guards the account is changed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name(self, "password", say_lazy("field.password"))


def _name_of_names() -> Any:
    """What a public id is called in the user model in use."""
    model = get_user_model()
    field: Any = model._meta.get_field(model.USERNAME_FIELD)
    return say_lazy("field.username") if model is User else field.verbose_name


def _name_new_password(form: forms.Form) -> None:
    _name(form, "password1", say_lazy("field.password_new"))
    _name(form, "password2", say_lazy("field.password_again"))
    form.fields["password1"].help_text = say_lazy("field.password.help")


def _name(form: forms.Form, field: str, label: Any) -> None:
    """Label a field in our words, without allauth's example in it and its help below."""
    form.fields[field].label = label
    form.fields[field].help_text = ""
    form.fields[field].widget.attrs.pop("placeholder", None)


def _is_name(field: forms.Field) -> None:
    field.widget.attrs |= {"autocapitalize": "none", "spellcheck": "false"}
