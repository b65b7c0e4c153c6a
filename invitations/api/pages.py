"""The description of REST, for machines (OpenAPI 3.1) and for people, without a content delivery network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpResponse
from django.urls import URLPattern
from django.views.generic import TemplateView
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from invitations.api.endpoint import Endpoint
from invitations.api.openapi.document import document

_RENDERER = JSONRenderer()


class Schema(Endpoint):
    """The OpenAPI document, built once per process and prefix."""

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


class Docs(TemplateView):
    """The same for people. Contains nothing inline, so that the policy against inline scripts holds."""

    template_name = "callinvite/api/docs.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        header = settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-")
        return super().get_context_data(**kwargs) | {"csrf_header": header}


@cache
def _encoded(patterns: tuple[URLPattern, ...], prefix: str) -> bytes:
    return json.dumps(document(patterns, prefix)).encode()
