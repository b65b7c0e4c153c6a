"""Where allauth asks the project: limits, words, who may sign up, and how a message goes out."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from invitations import conf, mailing
from invitations.accounts import links
from invitations.accounts.offers import has_provider, proved_at_provider
from invitations.accounts.proofs import signed_in_lately
from invitations.credentials import second_factors, sessions, taking_back
from invitations.models import likeness
from invitations.requests import audit, known_devices, passwords, throttles
from invitations.requests.clients import address_of
from invitations.words import say, say_lazy


class AccountAdapter(DefaultAccountAdapter):
    """Our limits, words and templates in allauth's pages."""

    error_messages: ClassVar[dict[str, Any]] = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": say_lazy("sign_in.wrong"),
        "email_password_mismatch": say_lazy("sign_in.wrong"),
        "invalid_login": say_lazy("sign_in.wrong"),
        "incorrect_password": say_lazy("account.wrong_password"),
        "enter_current_password": say_lazy("account.wrong_password"),
        "incorrect_code": say_lazy("account.wrong_code"),
        "duplicate_email": say_lazy("account.email.yours_already"),
        "invalid_password_reset": say_lazy("password_reset.link_over"),
        "rate_limited": say_lazy("account.wait"),
        "too_many_login_attempts": say_lazy("account.wait"),
        "username_taken": say_lazy("validation.username_taken"),
        "same_as_current": say_lazy("account.same_as_before"),
    }

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """The active user with this name or address and this password.

        Raises:
            CallError: `throttled` or `unavailable`; see `throttles.door`. `not_allowed`: nobody gets in by a password.
        """
        passwords.check_allowed()
        name = credentials.get("username") or credentials.get("email") or ""
        with throttles.door(request, name) as attempt:
            user: AbstractBaseUser | None = super().authenticate(request, **credentials)
            if user is not None:
                attempt.was_right()
            return user

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count nothing: the door does."""

    def pre_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse | None:
        """Note what the sign-in begins with: further steps may follow."""
        request.session[BEGUN] = [_hash_of(user), timezone.now().timestamp()]
        refusal: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return refusal

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Sign in at the end of all steps, unless what let somebody begin was taken back meanwhile."""
        was, at = request.session.pop(BEGUN, ("", 0.0))
        if not constant_time_compare(was, _hash_of(user)) or taking_back.ended_since(user.pk, at):
            audit.refused(request, "sign_in_over", user_id=user.pk)
            clear_login(request)
            raise ImmediateHttpResponse(redirect("account_login"))
        super().login(request, user)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse:
        """Know this browser from now on, whatever way in it was."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        known_devices.remember(request, response, user.pk)
        return response

    def get_client_ip(self, request: HttpRequest) -> str:
        return sessions.storable(address_of(request))

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        signup = conf.limits().signup
        return signup == "open" or (signup == "invite" and links.held(request, timezone.now()) is not None)

    def is_ajax(self, request: HttpRequest) -> bool:
        # Our pages are pages; what is not a page is REST.
        return False

    def clean_username(self, username: str, shallow: bool = False) -> str:
        """Hold a new name to what the user model itself says of names. Who has no other is shown by it.

        Raises:
            ValidationError: it may not be one, it is reserved, or another account has it in whatever capitals.
        """
        if "@" not in username:
            likeness.check_not_reserved(username)
        model = get_user_model()
        field = model.USERNAME_FIELD
        user = model(**{field: username})
        others = {each.name for each in model._meta.fields} - {field}
        try:
            user.clean_fields(exclude=others)
            if not shallow:
                user.validate_unique(exclude=others)
                user.clean()
        except ValidationError as error:
            raise ValidationError(error.messages) from None
        return username

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """By what somebody can prove anew who they are: by a second step if they have one, for their password alone
        would not have let them in; at a provider on the same page as by a password."""
        found = super().get_reauthentication_methods(user)
        if not passwords.are_allowed():
            found = [each for each in found if each["id"] != "reauthenticate"]
        if has_provider(user) and not any(each["id"] == "reauthenticate" for each in found):
            found.append({"id": "provider", "description": "", "url": reverse("account_reauthenticate")})
        chosen = [each for each in found if each["id"].startswith("mfa_")] or found
        return [
            each | {"description": say(_AGAIN[each["id"]])} if each["id"] in _AGAIN else each for each in chosen[::-1]
        ]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whether somebody who is about to change what guards the account must prove anew who they are. allauth does
        not count having done so at a provider, nor having just signed in."""
        if not super().is_reauthentication_required(app=app, **kwargs) or signed_in_lately(context.request):
            return False
        has_step = bool(second_factors.kinds_of(context.request.user.pk) & second_factors.STEPS)
        return has_step or not proved_at_provider(context.request)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: each of our pages says itself what came of it."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Owe a mail: the page that it comes of does not wait for a mail server."""
        mailing.write(template_prefix.rpartition("/")[2], email, context)


BEGUN = "callinvite_sign_in_begun"
"""In the session: by what somebody got to the second step, and when."""


def _hash_of(user: AbstractBaseUser) -> str:
    return user.get_session_auth_hash()


_AGAIN = {
    "mfa_reauthenticate:webauthn": "reauthenticate.by_passkey",
    "mfa_reauthenticate": "reauthenticate.by_code",
    "reauthenticate": "reauthenticate.by_password",
}
"""What each of allauth's ways is called."""
