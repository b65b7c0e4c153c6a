"""Files that admins uploaded for ring resources, served to everyone: a device that rings may be signed out.

The server chooses file names and never reuses one, so a copy may be kept for ever."""

from __future__ import annotations

import re

from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.generic import View

from invitations.models.resource import PICTURES, SOUNDS

KEPT_SECONDS = 365 * 24 * 3600
_is_ours = re.compile(rf"\A[0-9a-f]{{32}}\.(?:{'|'.join((*SOUNDS, *PICTURES))})\Z").match


@method_decorator(
    [login_not_required, cache_control(public=True, immutable=True, max_age=KEPT_SECONDS)], name="dispatch"
)
class RingUpload(View):
    """A ringtone or a picture."""

    def get(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """Serve the file. Opens nothing except what a ring resource can hold."""
        path = f"ring-resources/{name}"
        if not _is_ours(name) or not default_storage.exists(path):
            raise Http404
        return FileResponse(default_storage.open(path))
