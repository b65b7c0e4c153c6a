"""Sign-in, sign-up, sign-out and the single shell page, which gets its data by REST and the live socket.

No view here reads or changes a call."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LoginView, LogoutView, redirect_to_login
from django.contrib.staticfiles import finders
from django.db import InterfaceError, OperationalError
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render, resolve_url
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import conditional_page
from django.views.generic import FormView, TemplateView, View

from invitations import addresses
from invitations.conf import limits
from invitations.errors import CallError, Code
from invitations.models import UserKey
from invitations.pages.forms import SignInForm, SignUpForm
from invitations.push import devices
from invitations.requests import audit, throttles
from invitations.requests.problems import RETRY_SECONDS, STATUS, problem_page
from invitations.requests.tokens import csrf_header

LOADED_SECONDS = 10
"""How long a page that is loaded may take until it goes on with the call of the one before it."""
FIRST_PEOPLE = {"order": "near", "page_size": 25}
"""What the list of people asks for first. The page preloads it, so that the list does not wait for the script, and
tells the script to ask for the same."""
_STATIC_NAME = re.compile(r'"/static/(?P<name>[^"]+)"')


def signup_open() -> bool:
    """Whether anyone may create an account (the tunable `signup`)."""
    return limits().signup == "open"


def sign_in_address() -> str:
    """Where people sign in: the project's LOGIN_URL if it sets one, otherwise our own page."""
    return resolve_url(settings.LOGIN_URL) if settings.is_overridden("LOGIN_URL") else reverse("callinvite:sign_in")


def signs_in_elsewhere(request: HttpRequest) -> bool:
    """Whether people sign in at a page that is not ours, so that ours must let nobody in."""
    wanted, own = (
        urlsplit(request.build_absolute_uri(each)) for each in (sign_in_address(), reverse("callinvite:sign_in"))
    )
    return (wanted.netloc, wanted.path.rstrip("/")) != (own.netloc, own.path.rstrip("/"))


def redirect_elsewhere() -> HttpResponse:
    """To the project's own sign-in page, and from there to the app."""
    return redirect_to_login(reverse("callinvite:shell"), sign_in_address())


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
            "loadedCookie": "=".join(self.loaded),
            "language": _language_choice(),
            "csrfHeader": csrf_header(),
            "csrfToken": get_token(self.request),
        }


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


def refused(answer: HttpResponse, error: CallError) -> HttpResponse:
    """The page of a door that is shut for a moment."""
    answer.status_code = STATUS[error.code]
    answer.headers["Retry-After"] = str(error.extra["retry_after_seconds"])
    return answer


@method_decorator([login_not_required, never_cache], name="dispatch")
class SignIn(LoginView):
    """Signs a browser in, or redirects to the app if it is signed in. Attempts count towards the API's limit.

    In a project with a sign-in page of its own, it only redirects there: that page may ask for more than a password.
    """

    template_name = "callinvite/registration/sign_in.html"
    authentication_form = SignInForm
    next_page = "callinvite:shell"
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if signs_in_elsewhere(request):
            return redirect("callinvite:shell") if request.user.is_authenticated else redirect_elsewhere()
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            with throttles.door(request, request.POST.get("username", "")):
                return super().post(request, *args, **kwargs)
        except CallError as error:
            form = self.authentication_form(self.request)
            context = self.get_context_data(form=form, refusal=error.detail)
            return refused(self.render_to_response(context), error)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"signup_open": signup_open()}


@method_decorator([login_not_required, sensitive_post_parameters(), csrf_protect, never_cache], name="dispatch")
class SignUp(FormView):
    """Creates an account and signs it in, if the operator allows sign-up and people sign in at our page."""

    template_name = "callinvite/registration/sign_up.html"
    form_class = SignUpForm
    success_url = reverse_lazy("callinvite:shell")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return redirect("callinvite:shell")
        if signs_in_elsewhere(request):
            return redirect_elsewhere()
        if not signup_open():
            return self.render_closed()
        return super().dispatch(request, *args, **kwargs)

    def render_closed(self) -> HttpResponse:
        """A page that says whom to ask for an account, instead of a bare 404."""
        return self.response_class(
            self.request, ["callinvite/registration/sign_up_closed.html"], {}, status=403, using=self.template_engine
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            with throttles.door(request, None):
                return super().post(request, *args, **kwargs)
        except CallError as error:
            context = self.get_context_data(form=self.form_class(), refusal=error.detail)
            return refused(self.render_to_response(context), error)

    def form_valid(self, form: BaseForm) -> HttpResponse:
        throttles.check_signup(self.request)
        login(self.request, form.save())  # type: ignore[attr-defined]
        return super().form_valid(form)


class SignOut(LogoutView):
    """Signs this browser out (POST only) and shows the sign-in page."""

    def get_default_redirect_url(self) -> str:
        return sign_in_address()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """End the session and remove the push addresses that it registered, so that nobody is rung here any more."""
        devices.sign_out(devices.credential_of(session_key=request.session.session_key))
        return super().post(request, *args, **kwargs)


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
        script = _STATIC_NAME.sub(lambda found: json.dumps(static(found["name"])), Path(path).read_text("utf-8"))
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
