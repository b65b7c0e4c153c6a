"""A clinic's back end: keeps a doctor and a patient, rings the patient for the doctor, and hears what becomes of it."""

import json
import os
from pathlib import Path
from urllib.request import Request, urlopen

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY=os.environ["SECRET_KEY"])
CALLS, TOKEN, HOOK_SECRET = (os.environ[name] for name in ("CALLS", "SERVICE_TOKEN", "HOOK_SECRET"))
ROOM = Path(__file__).with_name("room.html").read_text()
heard: dict[str, dict[str, list[str]]] = {}  # By call and webhook-id; a real clinic has a table.


def ask(method: str, address: str, **body: object) -> dict:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    request = Request(f"{CALLS}/api/v1/{address}", json.dumps(body).encode(), headers, method=method)
    with urlopen(request, timeout=10) as answer:
        return json.load(answer)


def visit(request: HttpRequest) -> HttpResponse:
    """Rings the patient for the doctor. A real clinic asks first who is signed in here, as in `room`."""
    doctor, patient = (json.loads(request.body)[name] for name in ("doctor", "patient"))
    results = ask("POST", "users:import", users=[doctor, patient])["results"]
    if any(each["code"] for each in results):
        return JsonResponse({"results": results}, status=400)
    sent = ask("POST", "calls", as_user=doctor["id"], invitees=[patient["id"]], is_video_call=True)
    return JsonResponse({"call_id": sent["call"]["call_id"]}, status=201)


def told(request: HttpRequest) -> HttpResponse:
    """Takes a webhook. It may come twice, with the same id."""
    try:
        message = Webhook(HOOK_SECRET).verify(request.body, dict(request.headers))
    except WebhookVerificationError:
        return HttpResponse(status=400)
    if call := message["data"]["call"]:
        heard.setdefault(call["call_id"], {})[request.headers["webhook-id"]] = message["data"]["events"]
    return HttpResponse(status=204)


def outcome(request: HttpRequest, call_id: str) -> HttpResponse:
    return JsonResponse({"events": [each for events in heard.get(call_id, {}).values() for each in events]})


def room(request: HttpRequest, person: str) -> HttpResponse:
    token = ask("POST", f"users/{person}/tokens", device_name="Clinic", lifetime_seconds=3600)["token"]
    return HttpResponse(ROOM.replace("{calls}", CALLS).replace("{token}", token), headers={"Cache-Control": "no-store"})


urlpatterns = [path("visits", visit), path("visits/<call_id>", outcome)]
urlpatterns += [path("told", told), path("room/<slug:person>", room)]
application = get_asgi_application()
