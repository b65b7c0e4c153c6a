"""OpenAPI 3.1 from the views: our components, our security schemes, and every failure as a problem."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from invitations.api.openapi.components import COMPONENTS


class CallinviteSchema(AutoSchema):
    """Knows the components written by hand."""

    def get_operation(self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any) -> Any:
        for name, schema in COMPONENTS.items():
            registry.register_on_missing(
                ResolvedComponent(name=name, type=ResolvedComponent.SCHEMA, schema=schema, object=name)
            )
        return super().get_operation(path, path_regex, path_prefix, method, registry)

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        described = getattr(field, "described", None)
        if described is not None:
            return described()
        return super()._map_serializer_field(field, direction, bypass_extensions)

    def get_tags(self) -> list[str]:
        return [_TAGS.get(self.path.split("/")[3], "calls")]


_TAGS: dict[str, str] = {
    "auth": "signing in",
    "live": "signing in",
    "me": "people",
    "users": "people",
    "devices": "devices",
    "push": "devices",
    "resources": "devices",
    "history": "calls",
}


class BearerScheme(OpenApiAuthenticationExtension):
    """An app's token."""

    target_class = "invitations.requests.tokens.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token of `POST /auth/token`."}


class InvitationScheme(OpenApiAuthenticationExtension):
    """The token of a push message."""

    target_class = "invitations.api.ring_tokens.InvitationAuthentication"
    name = "invitation"
    match_subclasses = True

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "invitation",
            "description": "The `action_token` of a push message: good for that one ring on that one device. When the "
            "ring is over the answer is 410 with the reason as its code.",
        }


class BrowserScheme(OpenApiAuthenticationExtension):
    """A browser's session."""

    target_class = "invitations.requests.tokens.BrowserAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        from django.conf import settings

        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": f"Besides it, everything but reading needs the header {_csrf_header()}.",
        }


def _csrf_header() -> str:
    from django.conf import settings

    return settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-").title()
