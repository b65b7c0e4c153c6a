"""What the rules would say of a call, for those who run the server, and for services."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from invitations import calls
from invitations.api.endpoint import Endpoint, answered
from invitations.api.openapi import operations
from invitations.api.openapi.operations import described
from invitations.errors import CallError, Code
from invitations.requests import audit, queries
from invitations.requests.clients import service_of
from invitations.requests.problems import InvalidInput
from invitations.requests.service_access import is_service_itself
from invitations.words import say, say_lazy

PERMISSION = "invitations.view_call"
"""With it an admin sees who blocked whom in the timelines of calls, too."""


@described(get=operations.PREVIEW_RULES)
class Preview(Endpoint):
    """What would happen if one person called another now."""

    def get(self, request: Request) -> HttpResponse:
        if not _may_look(request):
            raise CallError(Code.NOT_ALLOWED, say_lazy("what_if.no_right"))
        asked = queries.PREVIEW.checked(request.query_params)
        try:
            found = calls.preview(asked["caller"], asked["invitee"], urgent=asked["urgent"], now=timezone.now())
        except calls.NobodyElse as error:
            raise InvalidInput({error.role: [say(error.sentence)]}) from None
        audit.looked_at_rules(request._request, found.caller.id, found.invitee.id)
        return answered(200, calls.told_preview(found))


def _may_look(request: Request) -> bool:
    """Admins, and services by themselves, whose scope was looked at before. For a user a service looks at nothing that
    the user may not."""
    if service_of(request) is not None:
        return is_service_itself(request)
    return bool(request.user.has_perm(PERMISSION))
