"""The description of REST, for machines (OpenAPI 3.1) and for people, without a content delivery network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.urls import URLPattern
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from invitations.api.endpoint import Endpoint
from invitations.api.openapi.document import document
from invitations.requests.tokens import csrf_header

_RENDERER = JSONRenderer()


class Schema(Endpoint):
    """The OpenAPI document, built once per process and prefix as long as there are only a few prefixes."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    patterns: ClassVar[Sequence[URLPattern]] = ()
    """The URLs that it describes."""

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        # Whatever a tool accepts: JSON is also valid YAML.
        return _RENDERER, _RENDERER.media_type

    def get(self, request: Request) -> HttpResponse:
        prefix = request.path.rpartition("/")[0] + "/"
        return HttpResponse(_encoded(tuple(self.patterns), prefix), content_type="application/json")


@method_decorator(login_not_required, name="dispatch")
class Docs(TemplateView):
    """The same for people. Contains nothing inline, so that the policy against inline scripts holds."""

    template_name = "callinvite/api/docs.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"csrf_header": csrf_header()}


# Bounded: some servers take the prefix from a header.
@lru_cache(maxsize=4)
def _encoded(patterns: tuple[URLPattern, ...], prefix: str) -> bytes:
    return json.dumps(document(patterns, prefix)).encode()
