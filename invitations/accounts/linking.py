"""Whom a provider lets in, as which account: linked by its id for somebody, or once by an email address that both
sides have confirmed; otherwise a new account. Everything else is refused in words, with a line in the audit log."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from allauth.account import app_settings as account_settings
from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.internal.flows import reauthentication
from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.account.signals import user_logged_in
from allauth.account.utils import user_email, user_username
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount import signals
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, _build_apps_from_settings
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthError, AuthProcess
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url

from invitations import conf
from invitations.accounts.provider_requests import ProviderSession, Refusal
from invitations.models import CallingPreferences, RetiredName, id_chars, likeness, names
from invitations.pages.views import SIGN_OUT_ADDRESS
from invitations.requests import audit
from invitations.requests.problems import RETRY_SECONDS
from invitations.words import say, say_lazy


class LinkingAdapter(DefaultSocialAccountAdapter):
    """Our rules in allauth's flows."""

    error_messages: ClassVar[dict[str, Any]] = DefaultSocialAccountAdapter.error_messages | {
        "no_password": say_lazy("provider.last_way"),
        "disconnect_last": say_lazy("provider.last_way"),
        "no_verified_email": say_lazy("provider.last_way"),
    }

    def get_requests_session(self) -> ProviderSession:
        return ProviderSession()

    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[Any]:
        """Providers are settings. A row in the database would be one that no check has seen; it is not even asked for,
        so that the page for signing in needs no database."""
        found = _build_apps_from_settings(provider=provider, client_id=client_id)
        return [app for apps in found.values() for app in apps]

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[Any, str] | None:
        """The account that has confirmed one of the addresses that the provider has confirmed.

        Whoever made an account with an address that they never confirmed may have waited for its owner to come: such
        an account is not found.
        """
        for each in sociallogin.email_addresses:
            if not each.verified or not self.can_authenticate_by_email(sociallogin, each.email):
                continue
            known = EmailAddress.objects.filter(email__iexact=each.email, verified=True).select_related("user").first()
            if known:
                return known.user, each.email
        return None

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Refuse who may not come in, before anything is done."""
        name, account = sociallogin.provider.name, sociallogin.account
        is_linked = account.pk is not None
        if not account.extra_data["active"]:
            if is_linked:
                _switch_off(account)
            refuse(request, "provider_inactive", say("provider.not_let_in", name=name))
        if is_linked and account.extra_data.pop("switched_off", False):
            _switch_on(account)
            audit.acted(request, "provider-switched-on", user_id=account.user_id, provider=account.provider)
        process = sociallogin.state.get("process")
        if process == AuthProcess.REDIRECT:
            self._proved_anew(request, sociallogin)
            return
        if process == AuthProcess.CONNECT and sociallogin.is_existing and sociallogin.user != request.user:
            refuse(request, "provider_taken", say("provider.taken", name=name))
        if sociallogin.is_existing and not sociallogin.user.is_active:
            refuse(request, "inactive", say("provider.switched_off"))
        if process == AuthProcess.LOGIN and request.user.is_authenticated and request.user == sociallogin.user:
            # Signing in anew would end the session, and with it the call that this browser may be in.
            raise ImmediateHttpResponse(HttpResponseRedirect(sociallogin.get_redirect_url(request) or _home()))

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> Any:
        """Take over names. One that is too long is none: cut off, it would be somebody else's."""
        limit = id_chars()
        if limit and len(data.get("username") or "") > limit:
            data = data | {"username": ""}
        return super().populate_user(request, sociallogin, data)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        provider = sociallogin.provider
        if not provider.app.settings.get("signup", True):
            refuse(request, "provider_signup", say("sign_up.closed"))
        if account_settings.USER_MODEL_USERNAME_FIELD is None:
            self._check_address_as_name(request, sociallogin)
        return True

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Whether the name that the provider suggests can be the account's. Otherwise its owner chooses another."""
        if account_settings.USER_MODEL_USERNAME_FIELD is None:
            return True
        try:
            get_account_adapter(request).clean_username(user_username(sociallogin.user) or "")
        except ValidationError:
            return False
        return True

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> Any:
        """Make the account, whole or not at all, with the name that the provider has for its owner."""
        with transaction.atomic():
            user = super().save_user(request, sociallogin, form)
            for each in sociallogin.email_addresses:
                _keep_address(user, each.email.lower())
            name = names.without_unseen(sociallogin.account.extra_data.get("name", ""))
            if form is None and name and not likeness.is_reserved(name) and not names.has_id(name):
                CallingPreferences.objects.update_or_create(user=user, defaults={"display_name": name})
        audit.acted(request, "provider-linked", user_id=user.pk, provider=sociallogin.account.provider)
        return user

    def validate_disconnect(self, account: SocialAccount, accounts: Any) -> None:
        """Where passwords are off, having one is no other way in."""
        is_last = not accounts.exclude(pk=account.pk).exists()
        if is_last and conf.limits().passwords == "off":
            raise self.validation_error("disconnect_last")

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Say in words what came of it. allauth goes on by itself where somebody pressed "cancel"."""
        if error == AuthError.CANCELLED:
            return
        if isinstance(exception, Refusal) and exception.is_away:
            refuse(request, f"provider_{exception.why}", say("provider.away", name=provider.name), status=503)
        if exception is None and "state" not in (extra_context or {}):
            refuse(request, "provider_state", say("provider.stale"))
        why = exception.why if isinstance(exception, Refusal) else "answer"
        refuse(request, f"provider_{why}", say("provider.refused", name=provider.name))

    def _proved_anew(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Note that who is signed in has just signed in at the provider too, and go on with what that was for."""
        account = sociallogin.account
        if account.pk is None or not request.user.is_authenticated or account.user_id != request.user.pk:
            refuse(request, "provider_other_person", say("provider.other_person"))
        facts = {"provider": account.provider, "uid": account.uid, "reauthenticated": True}
        record_authentication(request, request.user, "socialaccount", **facts)
        if resumed := reauthentication.resume_request(request):
            raise ImmediateHttpResponse(resumed)

    def _check_address_as_name(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Where people are known by their address, it must be theirs, and nobody else's account may have it."""
        name, email = sociallogin.provider.name, user_email(sociallogin.user)
        if not email:
            refuse(request, "provider_no_email", say("provider.no_email", name=name))
        users = get_user_model()
        is_taken = users._default_manager.filter(**{f"{users.USERNAME_FIELD}__iexact": email}).exists()
        if is_taken or RetiredName.objects.have(email):
            refuse(request, "provider_email_taken", say("provider.email_taken", name=name))


def forget_switch(user: Any) -> None:
    """An admin has saved the account: whether it is active is no provider's matter any more."""
    for account in SocialAccount.objects.filter(user_id=user.pk):
        if account.extra_data.pop("switched_off", False):
            account.save(update_fields=["extra_data"])


def refuse(request: HttpRequest, why: str, said: str, *, status: int = 403) -> NoReturn:
    """Keep somebody out, with a page and a line in the audit log.

    Args:
        request: the request that is refused.
        why: a code for the log.
        said: what the page says.
        status: of the answer.

    Raises:
        ImmediateHttpResponse: always.
    """
    audit.refused(request, why, user_id=request.user.pk)
    answer: HttpResponse = render(request, "callinvite/accounts/provider_refused.html", {"said": said}, status=status)
    answer.headers["Cache-Control"] = "no-store"
    if status == 503:
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
    raise ImmediateHttpResponse(answer)


def _switch_off(account: SocialAccount) -> None:
    """The account is deactivated, because the provider says so, until it says otherwise. What it was signed in by ends
    with that (`credentials.endings`)."""
    user = account.user
    if user.is_active:
        account.extra_data["switched_off"] = True
        user.is_active = False
        user.save(update_fields=["is_active"])
    account.save(update_fields=["extra_data"])


def _switch_on(account: SocialAccount) -> None:
    """Undo that. Whom an admin switched off stays so."""
    account.save(update_fields=["extra_data"])
    account.user.is_active = True
    account.user.save(update_fields=["is_active"])


def _keep_address(user: Any, email: str) -> None:
    """A confirmed address is its owner's, even where somebody else had claimed it without confirming: allauth would
    leave it out."""
    others = EmailAddress.objects.filter(email=email, verified=True).exclude(user_id=user.pk)
    if not others.exists() and not EmailAddress.objects.filter(user_id=user.pk).exists():
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        user_email(user, email, commit=True)


def _home() -> str:
    return resolve_url(settings.LOGIN_REDIRECT_URL)


@receiver(user_logged_in, dispatch_uid="invitations.linking")
def _signed_in(request: HttpRequest, sociallogin: SocialLogin | None = None, **_: object) -> None:
    """Keep where this browser signs out at the provider by which it came."""
    if sociallogin is None or not sociallogin.token:
        return
    back_to = request.build_absolute_uri(resolve_url(settings.LOGIN_URL))
    address = sociallogin.provider.sign_out_address(request, sociallogin.token.token, back_to)
    if address:
        request.session[SIGN_OUT_ADDRESS] = {"address": address, "name": sociallogin.provider.name}


@receiver(signals.social_account_added, dispatch_uid="invitations.linking")
def _linked(request: HttpRequest, sociallogin: SocialLogin, **_: object) -> None:
    audit.acted(request, "provider-linked", user_id=sociallogin.user.pk, provider=sociallogin.account.provider)


@receiver(signals.social_account_removed, dispatch_uid="invitations.linking")
def _unlinked(request: HttpRequest, socialaccount: SocialAccount, **_: object) -> None:
    audit.acted(request, "provider-unlinked", user_id=socialaccount.user_id, provider=socialaccount.provider)
