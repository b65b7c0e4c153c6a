"""System checks of the project that the app is installed in: what it still lacks before anybody can call.

Knows none of the app's own code but its addresses. Other misconfigurations are those of `checks`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asgiref.sync import async_to_sync
from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import NoReverseMatch
from django.utils.module_loading import import_string

from invitations import addresses

TAG = "callinvite"
PAGE = "docs/installing.md"
APPS = ("django.contrib.sessions", "django.contrib.staticfiles")
"""Apps without which the project starts all the same; it does not without others that are needed."""
MIDDLEWARE = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
)


@register(TAG)
def check_installation(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether the project has all that pages, REST and the live socket stand on."""
    return [*_apps(), *_middleware(), *_templates(), *_addresses()]


def _apps() -> Iterator[CheckMessage]:
    missing = [each for each in APPS if not apps.is_installed(each)]
    if missing:
        message = (
            f"INSTALLED_APPS lacks {', '.join(missing)}: pages would have no scripts, or nobody could stay signed in."
        )
        yield Error(message, hint=f"Add what is missing. See {PAGE}.", id="callinvite.E024")


def _middleware() -> Iterator[CheckMessage]:
    given = [import_string(each) for each in settings.MIDDLEWARE]
    classes = [each for each in given if isinstance(each, type)]
    missing = [each for each in MIDDLEWARE if not any(issubclass(one, import_string(each)) for one in classes)]
    if missing:
        message = f"MIDDLEWARE lacks {', '.join(missing)}: nobody could sign in, or strange pages could act for people."
        yield Error(message, hint=f"Add them in this order. See {PAGE}.", id="callinvite.E025")


def _templates() -> Iterator[CheckMessage]:
    try:
        get_template("callinvite/base.html")
    except (TemplateDoesNotExist, ValueError) as error:
        message = f"The app's templates are not found: {error}."
        hint = "Set APP_DIRS for the engine django.template.backends.django.DjangoTemplates."
        yield Error(message, hint=hint, id="callinvite.E026")


def _addresses() -> Iterator[CheckMessage]:
    try:
        base = addresses.base()
    except NoReverseMatch:
        message = "The app's addresses are in no URLconf: there are neither pages nor REST."
        hint = f'Add path("calls/", include("invitations.urls")) to the URLconf. See {PAGE}.'
        yield Error(message, hint=hint, id="callinvite.E027")
        return
    if not _answers(f"{base}{addresses.LIVE}"):
        prefix = base.removeprefix("/")
        message = f"No live socket is at {base}{addresses.LIVE}: rings would come by REST, some seconds late."
        hint = f"Set ASGI_APPLICATION to invitations.asgi.live_router(http=…, prefix={prefix!r}). See {PAGE}."
        yield Warning(message, hint=hint, id="callinvite.W014")


def _answers(path: str) -> bool:
    """Whether the project's ASGI application, whatever it wraps, has the live socket there."""
    if not getattr(settings, "ASGI_APPLICATION", None):
        return False
    application = import_string(settings.ASGI_APPLICATION)
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        said.append(message.get("code"))

    scope: dict[str, Any] = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
    }
    scope |= {"scheme": "ws", "subprotocols": [], "client": None, "server": None, addresses.PROBE: True}
    try:
        async_to_sync(application)(scope, receive, send)
    except Exception:
        # A router that knows no such path raises what it likes.
        return False
    return addresses.FOUND in said
