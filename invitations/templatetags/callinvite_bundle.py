"""What a page loads: `{% load callinvite_bundle %}`, then `{% page_style "card" %}` and `{% page_script "shell" %}`.

From the bundle where there is one, otherwise each file by itself."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from invitations import bundle
from invitations.pages import bundled

register = template.Library()

WORDS = ("callinvite/words/say.js", "callinvite/words/en.js")
"""What every bundled script imports."""


@register.simple_tag(takes_context=True)
def page_style(context: Context, name: str, inline: bool = False) -> SafeString:
    """The links of these styles of `bundle.STYLES`.

    Args:
        inline: put them into the page itself where its policy allows that, so that it can be painted before anything
            else has come.
    """
    path = f"callinvite/{bundle.FOLDER}/{name}.css"
    if not bundled.is_there(path):
        return format_html_join("\n  ", '<link rel="stylesheet" href="{}">', _sources(name))
    nonce = _style_nonce(context) if inline else None
    if nonce is None:
        return format_html('<link rel="stylesheet" href="{}">', static(path))
    return format_html('<style nonce="{}">{}</style>', nonce, mark_safe(bundled.text(path)))  # noqa: S308


@register.simple_tag
def page_script(name: str) -> SafeString:
    """The module that starts a page."""
    return format_html('<script type="module" src="{}"></script>', bundled.module_address(name))


@register.simple_tag
def page_preloads(name: str) -> SafeString:
    """What `page_script` will import, to be fetched at the same time; nothing where modules come one by one."""
    if not bundled.is_there(f"callinvite/{bundle.FOLDER}/{name}.js"):
        return SafeString("")
    return format_html_join("\n  ", '<link rel="modulepreload" href="{}">', ((static(each),) for each in WORDS))


def _sources(name: str) -> list[tuple[str]]:
    return [(static(f"callinvite/style/{part}.css"),) for part in bundle.STYLES[name]]


def _style_nonce(context: Context) -> str | None:
    """The nonce by which django-csp lets a style stand in this page, if the project's policy has any."""
    request: Any = context.get("request")
    try:
        from csp.constants import NONCE
    except ImportError:
        return None
    directives = (getattr(settings, "CONTENT_SECURITY_POLICY", None) or {}).get("DIRECTIVES", {})
    allowed = NONCE in (directives.get("style-src") or ()) and hasattr(request, "csp_nonce")
    return str(request.csp_nonce) if allowed else None
