"""REST about the asker's own data as a whole."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request

from invitations.api.endpoint import Endpoint
from invitations.api.openapi import people_operations as operations
from invitations.api.openapi.operations import described
from invitations.requests.copies import MEDIA_TYPE, give_copy


@described(get=operations.EXPORT_ME)
class Export(Endpoint):
    """A copy of the asker's data."""

    media_types = (MEDIA_TYPE, *Endpoint.media_types)

    def get(self, request: Request) -> HttpResponseBase:
        return give_copy(request.user, request=request._request, now=timezone.now())

    def head(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Not answered as GET: that would make a copy for nobody.

        Raises:
            MethodNotAllowed: always.
        """
        return self.http_method_not_allowed(request, *args, **kwargs)
