"""What the first page of Django admin says about hooks."""

from __future__ import annotations

from django import template
from django.http import HttpRequest

from invitations.hooks import switching
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
