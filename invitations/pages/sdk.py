"""What pages of other sites load, at addresses that never change: a module, its types, and parts of a service worker.

Public and the same for everybody. A browser looks for a new version before each use."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar, cast

from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.templatetags.static import static
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page
from django.views.generic import View

from invitations.pages import bundled

View_ = TypeVar("View_", bound=Callable[..., HttpResponseBase])
STATIC_NAME = re.compile(r'"/static/(?P<name>[^"]+)"')
"""A static file as our scripts name it."""
_PARTS = re.compile(r"^importScripts\((?P<names>[^)]*)\);\n", re.MULTILINE)
_NAME = re.compile(r'"service-worker/(?P<part>[a-z]+)\.js"')
SCRIPT, TYPES = "text/javascript; charset=utf-8", "application/typescript; charset=utf-8"


def for_any_origin(view: View_) -> View_:
    """Let pages of any origin have what this view answers: it is no secret, and depends on nobody's cookie."""

    @wraps(view)
    def opened(*args: Any, **kwargs: Any) -> HttpResponseBase:
        answer = view(*args, **kwargs)
        answer.headers["Access-Control-Allow-Origin"] = "*"
        answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return answer

    return cast(View_, opened)


def module(request: HttpRequest) -> str:
    """The module: one line, which leads to what may be kept for ever."""
    return f"export * from {json.dumps(bundled.module_address('sdk'))};\n"


def types(request: HttpRequest) -> str:
    """The module's declarations for TypeScript."""
    return _source("callinvite/sdk/types/callinvite.d.ts")


def worker(request: HttpRequest) -> str:
    """All of our service worker in one script, for `importScripts` in another site's worker."""
    whole = _worker()

    def address(found: re.Match[str]) -> str:
        return json.dumps(request.build_absolute_uri(static(found["name"])))

    return STATIC_NAME.sub(address, whole)


FILES: dict[str, tuple[Callable[[HttpRequest], str], str]] = {
    "callinvite.js": (module, SCRIPT),
    "callinvite.d.ts": (types, TYPES),
    "service-worker.js": (worker, SCRIPT),
}


@method_decorator(
    [login_not_required, for_any_origin, cache_control(public=True, no_cache=True), conditional_page], name="dispatch"
)
class Sdk(View):
    """One of the files."""

    def get(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """Serve it. A browser that has it already is told so by its ETag (RFC 9110 section 13.1.2)."""
        if name not in FILES:
            raise Http404
        made, content_type = FILES[name]
        return HttpResponse(made(request), content_type=content_type)


@cache
def _worker() -> str:
    main = _source("callinvite/service-worker.js")
    named = _PARTS.search(main)
    parts: Sequence[str] = _NAME.findall(named["names"]) if named else ()
    texts = [_source(f"callinvite/worker/{each}.js") for each in parts]
    return "\n".join([*texts, _PARTS.sub("", main)])


def _source(path: str) -> str:
    found = finders.find(path)
    if found is None:
        raise Http404
    return Path(found).read_text("utf-8")
