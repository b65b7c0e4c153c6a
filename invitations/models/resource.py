"""A ring resource: a named ringtone and look, which senders choose by `resource_id`."""

from __future__ import annotations

import re
import uuid
from pathlib import PurePath
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import FileExtensionValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.fields.files import FieldFile

from invitations.words import say_lazy

SOUNDS = ("mp3", "ogg", "oga", "opus", "wav", "m4a", "aac", "webm")
PICTURES = ("png", "webp", "jpg", "jpeg")
"""No SVG: it can contain scripts, and pictures are served from the app's own origin."""
_OGG, _JPEG = re.compile(rb"OggS"), re.compile(rb"\xff\xd8\xff")
_BEGINNINGS = {
    "mp3": re.compile(rb"ID3|\xff[\xe0-\xff]"),
    "ogg": _OGG,
    "oga": _OGG,
    "opus": _OGG,
    "wav": re.compile(rb"RIFF.{4}WAVE", re.DOTALL),
    "m4a": re.compile(rb".{4}ftyp", re.DOTALL),
    "aac": re.compile(rb"ADIF|ID3|\xff[\xf0\xf1\xf8\xf9]"),
    "webm": re.compile(rb"\x1aE\xdf\xa3"),
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    "jpg": _JPEG,
    "jpeg": _JPEG,
}
"""How the contents of a file begin, by the ending of its name: what the decoders themselves look at."""
LARGEST_FILE_BYTES = 2 * 1024 * 1024
LONGEST_PATTERN = 20
LONGEST_PULSE_MS = 10_000
PLACEHOLDERS = ("{caller}", "{call}")
"""The placeholders that a text template may contain: the caller's display name, and the kind of call ("video call")."""


def stored_name(resource: RingResource, filename: str) -> str:
    """Where an uploaded file is kept: under a new unique name, so that it can be cached for ever."""
    return f"ring-resources/{uuid.uuid4().hex}{PurePath(filename).suffix.lower()}"


def check_size(file: FieldFile) -> None:
    """Refuse a file that is too large for a device to load while it rings.

    Raises:
        ValidationError: larger than 2 MiB.
    """
    if _is_new(file) and file.size > LARGEST_FILE_BYTES:
        raise ValidationError(say_lazy("validation.upload_size"))


def check_contents(file: FieldFile) -> None:
    """Refuse a file that does not begin as files with its ending do: no device could play or show it.

    Raises:
        ValidationError: it begins otherwise.
    """
    begins = _BEGINNINGS.get(PurePath(file.name or "").suffix.lower().lstrip("."))
    # Another validator says so of an ending that is not known, and of a file that is too large.
    if begins is None or not _is_new(file) or file.size > LARGEST_FILE_BYTES:
        return
    file.seek(0)
    head = file.read(12)
    file.seek(0)
    if not begins.match(head):
        raise ValidationError(say_lazy("validation.upload_contents"))


def _is_new(file: FieldFile) -> bool:
    """Whether it was just uploaded. A stored one was checked then, and may be gone by now."""
    return not getattr(file, "_committed", False)


def check_vibration(pattern: Any) -> None:
    """Refuse a pattern that the Vibration API would not take.

    Raises:
        ValidationError: not a list of up to 20 whole milliseconds from 0 to 10,000.
    """
    if not isinstance(pattern, list) or len(pattern) > LONGEST_PATTERN:
        raise ValidationError(say_lazy("validation.vibration"))
    for each in pattern:
        if isinstance(each, bool) or not isinstance(each, int) or not 0 <= each <= LONGEST_PULSE_MS:
            raise ValidationError(say_lazy("validation.vibration_number"))


def check_template(text: str) -> None:
    """Refuse placeholders that would never be filled in.

    Raises:
        ValidationError: a brace that is not one of `PLACEHOLDERS`.
    """
    rest = text
    for each in PLACEHOLDERS:
        rest = rest.replace(each, "")
    if "{" in rest or "}" in rest:
        raise ValidationError(say_lazy("validation.template", caller="{caller}", call="{call}"))


class RingResource(models.Model):
    """How a ring sounds and looks on a device. Senders choose one; admins maintain them."""

    resource_id = models.CharField(
        max_length=128,
        unique=True,
        validators=[RegexValidator(r"\A[A-Za-z0-9._~:@-]{1,128}\Z", say_lazy("validation.resource_id"))],
        help_text=say_lazy("help.resource.resource_id"),
        error_messages={"unique": say_lazy("validation.resource_id_taken")},
    )
    name = models.CharField(max_length=64, help_text=say_lazy("help.resource.name"))
    is_default = models.BooleanField(
        say_lazy("model.resource.is_default"), default=False, help_text=say_lazy("help.resource.is_default")
    )
    ringtone = models.FileField(
        upload_to=stored_name,
        blank=True,
        validators=[FileExtensionValidator(SOUNDS), check_size, check_contents],
        help_text=say_lazy("help.resource.ringtone", endings=", ".join(SOUNDS)),
    )
    icon = models.FileField(
        upload_to=stored_name,
        blank=True,
        validators=[FileExtensionValidator(PICTURES), check_size, check_contents],
        help_text=say_lazy("help.resource.icon", endings=", ".join(PICTURES)),
    )
    badge = models.FileField(
        upload_to=stored_name,
        blank=True,
        validators=[FileExtensionValidator(PICTURES), check_size, check_contents],
        help_text=say_lazy("help.resource.badge", endings=", ".join(PICTURES)),
    )
    vibration = models.JSONField(
        default=list, blank=True, validators=[check_vibration], help_text=say_lazy("help.resource.vibration")
    )
    silent = models.BooleanField(default=False, help_text=say_lazy("help.resource.silent"))
    require_interaction = models.BooleanField(default=True, help_text=say_lazy("help.resource.require_interaction"))
    accent = models.CharField(
        max_length=7,
        blank=True,
        default="",
        validators=[RegexValidator(r"\A#[0-9a-fA-F]{6}\Z", say_lazy("validation.accent"))],
    )
    title_template = models.CharField(
        max_length=128,
        blank=True,
        default="",
        validators=[check_template],
        help_text=say_lazy("help.resource.title_template", caller="{caller}", call="{call}"),
    )
    message_template = models.CharField(
        max_length=512,
        blank=True,
        default="",
        validators=[check_template],
        help_text=say_lazy("help.resource.message_template", caller="{caller}", call="{call}"),
    )

    class Meta:
        ordering: ClassVar = ["resource_id"]
        constraints: ClassVar = [
            models.CheckConstraint(name="resource_id_not_empty", condition=~Q(resource_id="")),
            models.UniqueConstraint(
                name="resource_one_default",
                fields=["is_default"],
                condition=Q(is_default=True),
                violation_error_message=say_lazy("validation.one_default"),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.resource_id

    def clean(self) -> None:
        """Refuse an id that people would take for another's.

        Raises:
            ValidationError: another resource's id differs from it in capitals alone.
        """
        others = RingResource.objects.filter(resource_id__iexact=self.resource_id).exclude(pk=self.pk)
        if others.exclude(resource_id=self.resource_id).exists():
            raise ValidationError({"resource_id": say_lazy("validation.resource_id_taken")})
