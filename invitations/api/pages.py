"""The description of REST for machines (OpenAPI 3.1) and for people, without a content delivery network."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from invitations.api.views import Endpoint

_RENDERER = JSONRenderer()


class Schema(Endpoint):
    """The OpenAPI document, made once per process: it takes a second to make."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        # Whatever a tool asks for: JSON is valid YAML, too.
        return _RENDERER, _RENDERER.media_type

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(_document(), content_type="application/json")


class Docs(SpectacularSwaggerSplitView):
    """The same for people. Its script is a request of its own: the policy against inline scripts stands."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    template_name = "callinvite/api/docs.html"
    url_name = "callinvite:schema"


@cache
def _document() -> bytes:
    return json.dumps(SchemaGenerator().get_schema(request=None, public=True)).encode()
