"""Looks through every table of every app for words, so that a new column is looked at before anybody thinks of it."""

from __future__ import annotations

import json
from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db.models import BinaryField, CharField, FileField, GenericIPAddressField, JSONField, TextField, UUIDField

WORDS = (CharField, TextField, JSONField, FileField, UUIDField, GenericIPAddressField, BinaryField)
NO_PEOPLE = {"django_content_type", "auth_permission", "django_migrations"}
"""Tables that only the code writes."""


def leftovers(*words: str) -> dict[str, list[str]]:
    """The values with one of these words in them, in any capitals, by `table.column`."""
    found: dict[str, list[str]] = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.db_table in NO_PEOPLE:
            continue
        columns = [each for each in model._meta.concrete_fields if isinstance(each, WORDS)]
        for row in model._base_manager.values(*(each.attname for each in columns)) if columns else ():
            for column in columns:
                text = _text(row[column.attname])
                if any(each.lower() in text.lower() for each in words):
                    found.setdefault(f"{model._meta.db_table}.{column.column}", []).append(text)
    for session in Session.objects.all():
        text = json.dumps(session.get_decoded())
        if any(each.lower() in text.lower() for each in words):
            found.setdefault("django_session.session_data", []).append(text)
    return {key: sorted(set(values)) for key, values in found.items()}


def _text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return bytes(value).decode(errors="replace") if isinstance(value, (bytes, memoryview)) else str(value)
