"""The theme that a person has chosen in this browser: `{% load callinvite_theme %}`, then `{% theme as theme %}`.

Knows the cookie too, for the page that sets it: `{% theme_cookie %}`."""

from __future__ import annotations

from typing import Any

from django import template

register = template.Library()
COOKIE = "callinvite_theme"
"""Set by the settings page. A cookie, so that a page is never painted in one theme and then in another."""
THEMES = frozenset({"light", "dark"})


@register.simple_tag(takes_context=True)
def theme(context: template.Context) -> str:
    """`light` or `dark`; empty where the system decides, and where a page is made without its request."""
    request: Any = context.get("request")
    chosen = request.COOKIES.get(COOKIE, "") if request is not None else ""
    return chosen if chosen in THEMES else ""


@register.simple_tag
def theme_cookie() -> str:
    """The name of the cookie that remembers the choice."""
    return COOKIE
