"""allauth's forms of second steps in our words, and with our bounds."""

from __future__ import annotations

import json
from typing import Any

from allauth.core import context
from allauth.mfa.base import forms as base
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from fido2.utils import websafe_decode

from invitations.credentials import second_factors
from invitations.models import names
from invitations.requests import second_steps
from invitations.words import say_lazy

MOST_PASSKEYS = 20
CREDENTIAL_CHARS = 16 * 1024
"""How long the JSON of a passkey's answer can be: what browsers give has one or two kilobytes."""
_CODE = {
    "autocomplete": "one-time-code",
    "autocapitalize": "none",
    "spellcheck": "false",
    "maxlength": str(second_factors.CODE_CHARS),
}


class _CodeMixin:
    """A form with the code of an authenticator app, or a recovery code."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _ask_for_code(self, say_lazy("field.code"))
        self.fields["code"].widget.attrs["autofocus"] = True

    def clean_code(self) -> str:
        with second_steps.looking_at_codes():
            code: str = super().clean_code()  # type: ignore[misc]
            return code


class CodeForm(_CodeMixin, base.AuthenticateForm):
    """The second step of a sign-in."""


class CodeAgainForm(_CodeMixin, base.ReauthenticateForm):
    """The same, before something that guards the account is changed."""


class AddAppForm(totp.ActivateTOTPForm):
    """The first code of an authenticator app, which shows that it has the secret."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _ask_for_code(self, say_lazy("field.code_of_app"))
        self.fields["code"].widget.attrs["inputmode"] = "numeric"


class RemoveAppForm(totp.DeactivateTOTPForm):
    """Nothing but a button."""


class PasskeyNameForm(webauthn.EditWebAuthnForm):
    """What its owner calls a passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _ask_for_name(self)

    def clean_name(self) -> str:
        return names.tidy(self.cleaned_data["name"])


class CredentialField(forms.JSONField):
    """What a browser says for a passkey: JSON that was signed for a page of ours.

    fido2 looks at the signature, but takes the pages of subdomains for ours, too."""

    def __init__(self) -> None:
        words = {"required": say_lazy("passkey.nothing_came"), "invalid": say_lazy("passkey.failed")}
        super().__init__(widget=forms.HiddenInput, error_messages=words)

    def to_python(self, value: Any) -> Any:
        """The JSON.

        Raises:
            ValidationError: it is too long, none, or for another page (Web Authentication, section 13.4.9).
        """
        if isinstance(value, str) and len(value) > CREDENTIAL_CHARS:
            raise ValidationError(self.error_messages["invalid"])
        found = super().to_python(value)
        if found is not None and _origin_of(found) not in _origins():
            raise ValidationError(self.error_messages["invalid"])
        return found


class AddPasskeyForm(webauthn.AddWebAuthnForm):
    """A new passkey and its name. It can be the whole sign-in: it knows its owner by a finger, a face or a PIN."""

    credential = CredentialField()
    field_order = ("name", "credential")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("passwordless", None)
        _ask_for_name(self)
        self.fields["name"].required = False

    def clean_name(self) -> str:
        # One that will not do must not cost the passkey, which its device has made by now.
        return names.without_unseen(super().clean_name()) or super().clean_name()

    def clean(self) -> dict[str, Any]:
        if second_factors.rows_of(self.user.pk).filter(type=second_factors.PASSKEY).count() >= MOST_PASSKEYS:
            raise ValidationError(say_lazy("passkey.too_many", count=MOST_PASSKEYS))
        return super().clean()


class PasskeyForm(webauthn.AuthenticateWebAuthnForm):
    """A passkey as the second step of a sign-in."""

    credential = CredentialField()


class PasskeyAgainForm(webauthn.ReauthenticateWebAuthnForm):
    """The same, before something that guards the account is changed."""

    credential = CredentialField()


class PasskeySignInForm(webauthn.LoginWebAuthnForm):
    """A passkey as the whole sign-in."""

    credential = CredentialField()


def _origin_of(credential: Any) -> Any:
    try:
        return json.loads(websafe_decode(credential["response"]["clientDataJSON"]))["origin"]
    except (KeyError, TypeError, ValueError):
        return None


def _origins() -> set[str]:
    request = context.request
    return {f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS}


def _ask_for_code(form: Any, label: Any) -> None:
    field: Any = form.fields["code"]
    field.label = label
    field.widget.attrs |= _CODE
    field.widget.attrs.pop("placeholder", None)
    field.validators.append(MaxLengthValidator(second_factors.CODE_CHARS))


def _ask_for_name(form: forms.Form) -> None:
    field: Any = form.fields["name"]
    field.label = say_lazy("field.passkey_name")
    field.widget.attrs |= {"autocomplete": "off", "maxlength": str(names.NAME_CHARS)}
    field.validators.append(MaxLengthValidator(names.NAME_CHARS))
