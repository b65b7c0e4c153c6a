"""What the first page of Django admin says about hooks."""

from __future__ import annotations

from django import template
from django.http import HttpRequest

from invitations.hooks import keys, switching
from invitations.models import Hook

register = template.Library()
MOST = 20


@register.simple_tag
def hooks_to_look_at(request: HttpRequest) -> list[Hook]:
    """The hooks that switched themselves off, for superusers: nobody else can do anything about them."""
    if not getattr(request.user, "is_superuser", False):
        return []
    off = Hook.objects.filter(is_active=False, disabled_reason__in=switching.BY_ITSELF)
    return list(off.select_related("service").order_by("-disabled_at")[:MOST])


@register.simple_tag
def hooks_without_secret(request: HttpRequest) -> list[Hook]:
    """The hooks that fail because their secret cannot be read, for superusers."""
    if not getattr(request.user, "is_superuser", False):
        return []
    failing = Hook.objects.filter(is_active=True, failing_since__isnull=False).select_related("service")
    return [each for each in failing.order_by("-failing_since")[:MOST] if not keys.is_readable(each)]
