"""What all views of REST share: JSON in, JSON out, problems for everything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import MethodNotAllowed, NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from invitations import quotas, request_ids
from invitations.api import headers
from invitations.api.openapi.operations import SERVICE, Operation
from invitations.api.parsers import BoundedJSONParser, ChunkedRequest
from invitations.requests import audit, service_access
from invitations.requests.problems import answer, problem_response
from invitations.requests.service_access import ServiceAuthentication
from invitations.requests.tokens import BearerAuthentication, BrowserAuthentication

_negotiator = DefaultContentNegotiation()


class Endpoint(APIView):
    """Base of all views of REST: JSON in, JSON out, problems for everything else."""

    operations: ClassVar[Mapping[str, Operation]] = {}
    """What the OpenAPI document says about its methods. A view without any is left out of the document."""
    # All that DRF would take from REST_FRAMEWORK: a project's defaults must neither open these views nor break them.
    authentication_classes: Sequence[type[BaseAuthentication]] = (BearerAuthentication, BrowserAuthentication)
    """How users are known. Where there is any, so are services."""
    permission_classes: Sequence[type[BasePermission]] = (IsAuthenticated,)
    throttle_classes = ()
    renderer_classes = (JSONRenderer,)
    versioning_class = None
    metadata_class = None
    parser_classes = (BoundedJSONParser,)
    # The second is only for clients that ask for a charset.
    media_types: ClassVar[tuple[str, ...]] = (JSONRenderer.media_type, f"{JSONRenderer.media_type}; charset=utf-8")
    """The media types of what it answers."""
    _renderer: ClassVar = (JSONRenderer(), JSONRenderer.media_type)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a request, which the log names meanwhile."""
        self._request_id = request_ids.chosen(request.headers.get(request_ids.HEADER, ""))
        with request_ids.known_as(self._request_id), quotas.asked() as self._quotas:
            return super().dispatch(request, *args, **kwargs)

    def get_authenticators(self) -> list[Any]:
        """A service is known wherever a request is authenticated: one that is taken for nobody, where services have
        no business, would throw its token away."""
        found = super().get_authenticators()
        return [ServiceAuthentication(), *found] if found else []

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        return ChunkedRequest(
            request,
            parsers=self.get_parsers(),
            authenticators=self.get_authenticators(),
            negotiator=_negotiator,
            parser_context={"view": self, "args": args, "kwargs": kwargs},
        )

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Like DRF's, but refuses a method that the view does not have before asking who the client is, and lets a
        service in only for what it may do.

        Raises:
            MethodNotAllowed: the view does not have this method.
        """
        method = str(request.method).lower()
        if method not in self.http_method_names or not hasattr(self, method):
            raise MethodNotAllowed(str(request.method))
        super().initial(request, *args, **kwargs)
        if request.authenticators:
            self._admit(request, self.operations.get("get" if method == "head" else method))

    def _admit(self, request: Request, operation: Operation | None) -> None:
        for_services = None if operation is None else operation.for_services
        for_users = operation is None or operation.security != (SERVICE,)
        takes_body = operation is not None and operation.takes_body(str(request.method))
        service_access.admit(request, for_services, for_users=for_users, takes_body=takes_body)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Say by headers what the body does not, and spare a client that reads the same thing again the body."""
        final = super().finalize_response(request, response, *args, **kwargs)
        operation = self.operations.get(str(request.method).lower())
        ending = operation.deprecated.headers() if operation is not None and operation.deprecated is not None else {}
        said = {request_ids.HEADER: self._request_id, **headers.rate_limits(self._quotas.values()), **ending}
        for name, value in said.items():
            final.headers[name] = value
        if final.status_code < HTTPStatus.BAD_REQUEST and request.method not in SAFE_METHODS:
            audit.service_asked(request)
        if request.method in ("GET", "HEAD") and final.status_code == HTTPStatus.OK and not final.streaming:
            final.headers["ETag"] = headers.entity_tag(final.content)
            return get_conditional_response(request._request, etag=final.headers["ETag"], response=final) or final
        return final

    def get_exception_handler(self) -> Callable[[Exception, Mapping[str, Any]], HttpResponse]:
        return problem_response

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {"Cache-Control": "no-store"}

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        """Answer in the view's media types only. Problems are sent whatever the client accepts.

        Raises:
            NotAcceptable: the client does not accept what the view answers with.
        """
        header = request.META.get("HTTP_ACCEPT", "")
        if header and not force and not any(map(request._request.accepts, self.media_types)):
            raise NotAcceptable
        return self._renderer


def answered(status: int, body: Mapping[str, Any]) -> HttpResponse:
    """A JSON answer. If the status is 400 or more, the body is a problem document."""
    if status >= 400:
        return answer(body)
    return HttpResponse(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
        status=status,
        content_type="application/json",
    )
