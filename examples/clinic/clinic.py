"""A clinic's back end: keeps a doctor and a patient, rings the patient for the doctor, and hears what becomes of it."""

import json
import os
from pathlib import Path
from urllib.request import HTTPError, Request, urlopen

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY=os.environ["SECRET_KEY"])
CALLS, TOKEN, HOOK_SECRET = (os.environ[name] for name in ("CALLS", "SERVICE_TOKEN", "HOOK_SECRET"))
ROOM = Path(__file__).with_name("room.html").read_text()
heard: dict[str, dict[str, list[str]]] = {}  # By call and webhook-id, which may come twice. A real clinic has a table.


def ask(address: str, **body: object) -> dict:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    with urlopen(Request(f"{CALLS}/api/v1/{address}", json.dumps(body).encode(), headers), timeout=10) as answer:
        return json.load(answer)


def visit(request: HttpRequest) -> HttpResponse:
    """Rings the patient for the doctor. A real clinic asks first who is signed in here, as in `room`."""
    doctor, patient = (json.loads(request.body)[name] for name in ("doctor", "patient"))
    results = ask("users:import", users=[doctor, patient])["results"]
    if any(each["code"] for each in results):
        return JsonResponse({"results": results}, status=400)
    sent = ask("calls", as_user=doctor["id"], invitees=[patient["id"]], is_video_call=True)
    return JsonResponse({"call_id": sent["call"]["call_id"]}, status=201)


def told(request: HttpRequest) -> HttpResponse:
    try:
        message = Webhook(HOOK_SECRET).verify(request.body, dict(request.headers))
    except WebhookVerificationError:
        return HttpResponse(status=400)
    if call := message["data"]["call"]:
        heard.setdefault(call["call_id"], {})[request.headers["webhook-id"]] = message["data"]["events"]
    return HttpResponse(status=204)


def outcome(request: HttpRequest, call: str) -> HttpResponse:
    return JsonResponse({"events": [each for events in heard.get(call, {}).values() for each in events]})


def room(request: HttpRequest, who: str) -> HttpResponse:
    try:
        token = ask(f"users/{who}/tokens", device_name="Clinic", lifetime_seconds=3600)["token"]
    except HTTPError as refused:  # 404 if Callinvite has nobody of this id yet.
        return HttpResponse(status=refused.code)
    return HttpResponse(ROOM.replace("{calls}", CALLS).replace("{token}", token), headers={"Cache-Control": "no-store"})


urlpatterns = [path("visits", visit), path("visits/<call>", outcome), path("told", told), path("room/<slug:who>", room)]
application = get_asgi_application()
