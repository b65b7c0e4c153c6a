"""allauth's OpenID Connect with every check that the standard asks of a client: allauth itself sends no nonce, believes
the signature of an ID token unseen, and takes the claims of whomever the userinfo endpoint describes.

SOCIALACCOUNT_PROVIDERS names `Provider` as the class of `openid_connect`; see `configuring`."""

from __future__ import annotations

import secrets
import time
from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.utils import user_email
from allauth.core.internal.datakit import parse_bool_safely
from allauth.socialaccount.models import SocialAccount, SocialLogin, SocialToken
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Client
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider, OpenIDConnectProviderAccount
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode

from invitations.accounts import discovery, id_tokens
from invitations.accounts.discovery import Description
from invitations.accounts.provider_requests import ProviderSession, Refusal, object_of

NONCE_BYTES = 24
MAX_LOGOUT_CHARS = 6000
"""How long an address for signing out may be; it holds the ID token, and servers take no address of any length."""


class ProviderAdapter(OpenIDConnectOAuth2Adapter):
    """One conversation with a provider: there, with a question, and back, with a code.

    Attributes:
        state: what was kept for the way back; empty on the way there.
    """

    state: dict[str, Any]

    def __init__(self, request: HttpRequest, provider_id: str) -> None:
        super().__init__(request, provider_id)
        self.state = {}

    @property
    def described(self) -> Description:
        """What the provider says about itself.

        Raises:
            Refusal: it does not answer, or not as it should.
        """
        return discovery.describe(self.get_provider().app.settings["server_url"])

    @property
    def basic_auth(self) -> bool:
        method = self.get_provider().app.settings.get("token_auth_method")
        return method == "client_secret_basic" if method else self.described.wants_basic_auth

    @property
    def access_token_url(self) -> str:
        return self.described.token_endpoint

    @property
    def authorize_url(self) -> str:
        return self.described.authorization_endpoint

    def get_client(self, request: HttpRequest, app: Any) -> OAuth2Client:
        client = super().get_client(request, app)
        if client.basic_auth and not app.secret:
            client.basic_auth = False
        return client

    def parse_token(self, data: dict[str, Any]) -> SocialToken:
        """Of all that the provider hands out, the ID token alone is kept: the provider wants it back at sign-out."""
        return SocialToken(token=data.get("id_token", ""))

    def complete_login(self, request: HttpRequest, app: Any, token: SocialToken, **kwargs: Any) -> SocialLogin:
        """Who signed in, by an ID token that has been checked.

        Raises:
            Refusal: it is missing or wrong, or the userinfo endpoint speaks of somebody else.
        """
        described, answer = self.described, kwargs["response"]
        access_token = answer["access_token"]
        claims = id_tokens.claims_of(
            answer.get("id_token"),
            issuer=described.issuer,
            client_id=app.client_id,
            nonce=self.state.get("nonce", ""),
            access_token=str(access_token),
            algorithms=described.algorithms,
            keys=partial(discovery.keys_of, described),
        )
        self._check_age(claims)
        about = {}
        if app.settings.get("fetch_userinfo", True) and described.userinfo_endpoint:
            about = _userinfo(described.userinfo_endpoint, access_token)
            # Another's claims could be put in the place of one's own (section 5.3.2).
            if about.get("sub") != claims["sub"]:
                raise Refusal("userinfo")
        return self.get_provider().sociallogin_from_response(request, {**about, **claims})

    def _check_age(self, claims: dict[str, Any]) -> None:
        """Somebody who is to prove anew who they are was asked just now, if the provider says when it was."""
        said = claims.get("auth_time")
        if self.state.get("process") != AuthProcess.REDIRECT or not isinstance(said, int):
            return
        if time.time() - said > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
            raise Refusal("auth_time")


class ProviderAccount(OpenIDConnectProviderAccount):
    """An account at a provider, as its owner sees it in a list."""

    def to_str(self) -> str:
        return str(self.account.extra_data.get("label") or self.get_brand()["name"])


class Provider(OpenIDConnectProvider):
    """An OpenID provider, with the names of its claims in the settings of its app: `username_claim`, `name_claim`,
    `email_claim` and `active_claim`; see `configuring.provider`."""

    pkce_enabled_default = True
    oauth2_adapter_class = ProviderAdapter
    account_class = ProviderAccount

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, Any]:
        """What else the question says. Never what a form says: it would decide what is asked."""
        asked: dict[str, Any] = self.get_auth_params()
        if request.POST.get("process") == AuthProcess.REDIRECT:
            asked |= {"prompt": "login", "max_age": "0"}
        return asked

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        scope: list[str] = self.get_scope()
        return scope

    def redirect(self, request: HttpRequest, process: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """Send a browser to the provider, with a nonce that the ID token must bring back."""
        nonce = secrets.token_urlsafe(NONCE_BYTES)
        kwargs["auth_params"] = {**kwargs.get("auth_params", {}), "nonce": nonce}
        answer: HttpResponse = super().redirect(request, process, *args, nonce=nonce, **kwargs)
        return answer

    def sociallogin_from_response(self, request: HttpRequest, response: dict[str, Any]) -> SocialLogin:
        """Who signed in, with the addresses alone that are known to be theirs.

        An address that the provider did not confirm may be anybody's: it is as if there were none.
        """
        login = super().sociallogin_from_response(request, response)
        login.email_addresses = [each for each in login.email_addresses if each.verified]
        user_email(login.user, login.email_addresses[0].email if login.email_addresses else "")
        login.account.extra_data |= {"active": self.says_active(response)}
        known = SocialAccount.objects.filter(provider=login.account.provider, uid=login.account.uid).first()
        if known and known.extra_data.get("switched_off"):
            login.account.extra_data["switched_off"] = True
        return login

    def extract_uid(self, data: dict[str, Any]) -> str:
        return str(data[self.app.settings.get("uid_field", "sub")])

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """What is kept: by what its owner knows the account, and the name that others are to see at first."""
        common = self.extract_common_fields(data)
        return {
            "label": common["email"] or common["username"] or common["name"] or "",
            "name": common["name"] or "",
        }

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        return {
            "username": self._text(data, "username_claim", "preferred_username"),
            "name": self._text(data, "name_claim", "name"),
            "email": self._text(data, "email_claim", "email"),
            "first_name": _text(data.get("given_name")),
            "last_name": _text(data.get("family_name")),
        }

    def extract_email_addresses(self, data: dict[str, Any]) -> list[EmailAddress]:
        email = self._text(data, "email_claim", "email")
        is_verified = parse_bool_safely(data.get("email_verified"))
        return [EmailAddress(email=email, verified=is_verified, primary=True)] if email else []

    def says_active(self, claims: dict[str, Any]) -> bool:
        """Whether somebody may use this service, by the claim that the settings name: `active` must be true,
        `groups=calls` must be or contain `calls`. A claim that is missing says no."""
        wanted = self.app.settings.get("active_claim", "")
        if not wanted:
            return True
        claim, has_value, value = wanted.partition("=")
        said = claims.get(claim)
        if not has_value:
            return parse_bool_safely(said)
        return value in said if isinstance(said, list) else said == value

    def sign_out_address(self, request: HttpRequest, id_token: str, back_to: str) -> str:
        """Where a browser signs out at the provider (RP-Initiated Logout 1.0); empty if nowhere.

        Args:
            request: of the browser.
            id_token: by which it signed in.
            back_to: the address at which it ends up.
        """
        try:
            described: Description = self.get_oauth2_adapter(request).described
        except Refusal:
            return ""
        if not described.end_session_endpoint:
            return ""
        asked = {"client_id": self.app.client_id, "post_logout_redirect_uri": back_to}
        joint = "&" if "?" in described.end_session_endpoint else "?"
        for more in ({"id_token_hint": id_token}, {}):
            address = f"{described.end_session_endpoint}{joint}{urlencode({**more, **asked})}"
            if len(address) <= MAX_LOGOUT_CHARS:
                break
        return address

    def _text(self, data: dict[str, Any], setting: str, default: str) -> str:
        return _text(data.get(self.app.settings.get(setting) or default))


def _userinfo(address: str, access_token: str) -> dict[str, Any]:
    with ProviderSession() as session:
        return object_of(session.get(address, headers={"Authorization": f"Bearer {access_token}"}))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
