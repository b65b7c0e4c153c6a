"""Where allauth asks about second steps: how secrets are kept, and what authenticator apps and passkeys are called."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from allauth.core import context
from allauth.mfa import app_settings
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.base_user import AbstractBaseUser

from invitations import sealing
from invitations.credentials import second_factors
from invitations.errors import CallError, Code
from invitations.store import people
from invitations.words import say, say_lazy

logger = logging.getLogger(__name__)
_PURPOSE = "invitations.second_factors"


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets encrypted by the server's own key, and our words."""

    error_messages: ClassVar[dict[str, Any]] = DefaultMFAAdapter.error_messages | {
        "incorrect_code": say_lazy("account.wrong_code"),
        "cannot_generate_recovery_codes": say_lazy("recovery_codes.nothing_to_recover"),
    }

    def encrypt(self, text: str) -> str:
        """A secret as it is stored."""
        return sealing.seal(text, purpose=_PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again.

        Raises:
            CallError: `unavailable`; neither SECRET_KEY nor any of SECRET_KEY_FALLBACKS is the one it was stored by.
        """
        try:
            return sealing.unseal(encrypted_text, purpose=_PURPOSE)
        except sealing.Unreadable as error:
            logger.error("A second step cannot be read: SECRET_KEY was changed without SECRET_KEY_FALLBACKS")
            seconds = second_factors.RETRY_SECONDS
            raise CallError(
                Code.UNAVAILABLE, say_lazy("second_factor.unreadable"), retry_after_seconds=seconds
            ) from error

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return user.get_username()

    def get_totp_issuer(self) -> str:
        return app_settings.TOTP_ISSUER or second_factors.host_of(context.request)

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:
        number = second_factors.rows_of(user.pk).filter(type=type).count() + 1
        return say("passkey.numbered", number=number) if number > 1 else say("passkey.first")

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        host = second_factors.host_of(context.request)
        return {"id": host, "name": host}

    def get_public_key_credential_user_entity(self, user: AbstractBaseUser) -> dict[str, Any]:
        shown = people.shown_name_of(user)
        return super().get_public_key_credential_user_entity(user) | {
            "name": user.get_username(),
            "display_name": shown,
        }
