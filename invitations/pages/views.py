"""Sign-out and the single shell page, which gets its data by REST and the live socket.

No view here reads or changes a call."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LogoutView
from django.contrib.staticfiles import finders
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render, resolve_url
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import conditional_page
from django.views.generic import TemplateView, View

from invitations import addresses
from invitations.conf import limits
from invitations.errors import Code
from invitations.models import CallingPreferences, UserKey
from invitations.pages.sdk import STATIC_NAME
from invitations.push import devices
from invitations.requests import audit
from invitations.requests.problems import RETRY_SECONDS, STATUS, problem_page
from invitations.requests.tokens import csrf_header

SIGN_OUT_ADDRESS = "callinvite_sign_out"
"""Where a session keeps at which identity provider its browser signs out too: `address`, and the provider's `name`."""
LOADED_SECONDS = 10
"""How long a page that is loaded may take until it goes on with the call of the one before it."""
FIRST_PEOPLE = {"order": "near", "page_size": 25}
"""What the list of people asks for first. The page preloads it, so that the list does not wait for the script, and
tells the script to ask for the same."""
ACCOUNT_PAGES = {
    "security": "mfa_index",
    "password": "account_change_password",
    "email": "account_email",
    "signIns": "socialaccount_connections",
}
"""The pages of `invitations.accounts` that the settings lead to, if the project has them."""


def sign_in_address() -> str:
    """Where people sign in: at our own pages (`invitations.accounts.urls`) or at the project's."""
    return resolve_url(settings.LOGIN_URL)


@method_decorator(never_cache, name="dispatch")
class Shell(LoginRequiredMixin, TemplateView):
    """The app. People, recents and settings are views inside it, so that a call survives moving between them."""

    template_name = "callinvite/pages/shell.html"
    loaded = ("callinvite_loaded", "1")
    """A cookie by which a page that goes knows that it is loaded again. The next page brings it and removes it."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = super().get(request, *args, **kwargs)
        secure = request.is_secure()
        answer.set_cookie(*self.loaded, max_age=LOADED_SECONDS, path=addresses.base(), secure=secure, samesite="Lax")
        return answer

    def get_login_url(self) -> str:
        return sign_in_address()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "page_config": self._config(),
            "sign_in_address": sign_in_address(),
            "first_people": f"{reverse('callinvite:users')}?{urlencode(FIRST_PEOPLE)}",
        }

    def _config(self) -> dict[str, Any]:
        return {
            "user": {"id": self.request.user.get_username()},
            "base": addresses.base(),
            "firstPeople": FIRST_PEOPLE,
            "directory": limits().directory,
            "asksWhoMayCall": not _has_chosen_who_may_call(self.request.user),
            "myData": {
                "copy": reverse("callinvite:export_me"),
                "prove": _proof_address(),
                "out": sign_in_address(),
            },
            "accountPages": _account_pages(),
            "loadedCookie": "=".join(self.loaded),
            "language": _language_choice(),
            "csrfHeader": csrf_header(),
            "csrfToken": get_token(self.request),
        }


def _has_chosen_who_may_call(user: Any) -> bool:
    return CallingPreferences.objects.filter(user_id=user.pk).exclude(rings_from="").exists()


def _proof_address() -> str | None:
    """Where somebody proves again who they are, and then comes back to their settings; None in a project without
    `invitations.accounts`."""
    try:
        address = reverse("account_reauthenticate")
    except NoReverseMatch:
        return None
    return f"{address}?{urlencode({'next': reverse('callinvite:shell') + '#settings'})}"


def _account_pages() -> dict[str, str]:
    """The addresses of the pages about one's own account that there are here."""
    found: dict[str, str] = {}
    for kind, name in ACCOUNT_PAGES.items():
        with suppress(NoReverseMatch):
            found[kind] = reverse(name)
    providers = getattr(settings, "SOCIALACCOUNT_PROVIDERS", {}).values()
    if not any(each.get("APPS") or each.get("APP") for each in providers):
        # Nothing is connected where there is no provider.
        found.pop("signIns", None)
    return found


def _language_choice() -> dict[str, Any] | None:
    """The languages that a person can choose from, and the cookie that remembers it; None where there is no choice."""
    if len(settings.LANGUAGES) < 2 or "django.middleware.locale.LocaleMiddleware" not in settings.MIDDLEWARE:
        return None
    return {
        "cookie": settings.LANGUAGE_COOKIE_NAME,
        "path": settings.LANGUAGE_COOKIE_PATH,
        "domain": settings.LANGUAGE_COOKIE_DOMAIN,
        "languages": [
            {"tag": tag, "name": LANG_INFO.get(tag, {}).get("name_local", str(name))}
            for tag, name in settings.LANGUAGES
        ],
    }


class SignOut(LogoutView):
    """Signs this browser out (POST only) and shows the sign-in page."""

    def get_default_redirect_url(self) -> str:
        return sign_in_address()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """End the session and remove the push addresses that it registered, so that nobody is rung here any more. Who
        came by an identity provider goes on to sign out there."""
        onward = request.session.get(SIGN_OUT_ADDRESS)
        devices.sign_out(devices.credential_of(session_key=request.session.session_key))
        answer = super().post(request, *args, **kwargs)
        return leave_to(request, onward["address"], onward["name"]) if onward else answer


def leave_to(request: HttpRequest, address: str, name: str) -> HttpResponse:
    """A page that goes on to another site by itself, as the answer to a form.

    A redirection would not do: browsers hold all that it leads through to the `form-action` of our policy, and where
    an identity provider sends people on to is its affair.

    Args:
        request: the form that was sent.
        address: of the other site.
        name: what the other site is called.
    """
    answer = render(request, "callinvite/accounts/leaving.html", {"address": address, "name": name})
    answer.headers["Cache-Control"] = "no-store"
    return answer


@method_decorator([login_not_required, cache_control(max_age=3600)], name="dispatch")
class AppManifest(TemplateView):
    """The web app manifest, which a phone needs to put the app on its home screen."""

    template_name = "callinvite/pages/app.webmanifest"
    content_type = "application/manifest+json"


@method_decorator([login_not_required, cache_control(no_cache=True), conditional_page], name="dispatch")
class ServiceWorker(View):
    """The service worker and its parts, public, at URLs that never change.

    A browser identifies a worker by its URL and looks there for updates: hashed names would leave old workers behind.
    Whatever a worker loads from `/static/` has the URL that pages use, hashed if theirs are, so that a browser can
    keep it for ever. The header lets the worker control every page of the app.
    """

    def get(self, request: HttpRequest, part: str = "") -> HttpResponse:
        """Serve one script. The browser must revalidate its copy before each use."""
        path = finders.find(f"callinvite/worker/{part}.js" if part else "callinvite/service-worker.js")
        if path is None:
            raise Http404
        headers = {"Service-Worker-Allowed": addresses.base()}
        script = STATIC_NAME.sub(lambda found: json.dumps(static(found["name"])), Path(path).read_text("utf-8"))
        return HttpResponse(script, content_type="text/javascript; charset=utf-8", headers=headers)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: Django itself refused to read the request."""
    return _problem(request, 400, Code.INVALID)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: the user is signed in, but not as someone who may see this."""
    audit.refused(request, Code.NOT_ALLOWED, user_id=_key_of(request))
    return _problem(request, 403, Code.NOT_ALLOWED)


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: no such page."""
    return _problem(request, 404, Code.NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: says that the fault is ours, and needs neither the database nor the session to say it. 503 if the database
    is away, which does not last."""
    response = _problem(request, 500, Code.UNAVAILABLE)
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        response.status_code = STATUS[Code.UNAVAILABLE]
        response["Retry-After"] = str(RETRY_SECONDS)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its CSRF token: usually the page was loaded before signing in or out."""
    audit.refused(request, Code.CSRF_FAILED, user_id=_key_of(request))
    return _problem(request, 403, Code.CSRF_FAILED, template="callinvite/403_csrf.html")


def _key_of(request: HttpRequest) -> UserKey | None:
    # Some requests are refused before anybody looked who they come from.
    user = getattr(request, "user", None)
    return None if user is None else user.pk


def _problem(request: HttpRequest, status: int, code: Code, template: str | None = None) -> HttpResponse:
    if addresses.is_below_api(request.path):
        return problem_page(request, code)
    return render(None, template or f"callinvite/{status}.html", status=status)
