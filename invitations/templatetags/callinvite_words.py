"""Sentences in templates: `{% load callinvite_words %}`, then `{% say "sign_in.heading" %}`."""

from __future__ import annotations

from functools import cache

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html

from invitations import words

register = template.Library()
register.simple_tag(words.say, name="say")
register.simple_tag(words.language, name="language")


@register.simple_tag
def words_module() -> str:
    """The module with the sentences of the page's language, to load before modules that say them. None for English."""
    name = f"callinvite/words/{words.language()}.js"
    if words.language() == words.COMPLETE or not _exists(name):
        return ""
    return format_html('<script type="module" src="{}"></script>', static(name))


@cache
def _exists(name: str) -> bool:
    return finders.find(name) is not None
