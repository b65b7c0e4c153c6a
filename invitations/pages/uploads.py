"""Files that admins uploaded for ring resources, served to everyone: a device that rings may be signed out.

The server chooses file names and never reuses one, so a copy may be kept for ever. Players ask for parts of a sound
(RFC 9110 section 14), and some play nothing that they cannot get in parts."""

from __future__ import annotations

import mimetypes
import re

from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.generic import View

from invitations.models.resource import PICTURES, SOUNDS
from invitations.pages.sdk import for_any_origin

KEPT_SECONDS = 365 * 24 * 3600
_one_range = re.compile(r"bytes=(\d{0,15})-(\d{0,15})").fullmatch
_is_ours = re.compile(rf"\A[0-9a-f]{{32}}\.(?:{'|'.join((*SOUNDS, *PICTURES))})\Z").match


@method_decorator(
    [login_not_required, for_any_origin, cache_control(public=True, immutable=True, max_age=KEPT_SECONDS)],
    name="dispatch",
)
class RingUpload(View):
    """A ringtone or a picture."""

    def get(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """Serve the file, or one part of it. Opens nothing except what a ring resource can hold."""
        path = f"ring-resources/{name}"
        if not _is_ours(name) or not default_storage.exists(path):
            raise Http404
        tag = f'"{name.partition(".")[0]}"'
        if request.headers.get("If-Range", tag) == tag and (asked := _one_range(request.headers.get("Range", ""))):
            answer: HttpResponseBase = _part_of(path, *asked.groups())
        else:
            answer = FileResponse(default_storage.open(path))
        answer.headers["Accept-Ranges"], answer.headers["ETag"] = "bytes", tag
        return answer


def _part_of(path: str, first: str, last: str) -> HttpResponseBase:
    """The bytes from `first` to `last`, both counted from 0; without `first`, the `last` ones of the file."""
    size = default_storage.size(path)
    start = int(first) if first else max(0, size - int(last or 0))
    end = min(int(last) if first and last else size, size - 1)
    if start > end:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    with default_storage.open(path) as file:
        file.seek(start)
        part = HttpResponse(file.read(end + 1 - start), status=206, content_type=mimetypes.guess_type(path)[0])
    part.headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    return part
