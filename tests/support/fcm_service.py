"""Google's push service on this machine: FCM HTTP v1, and the endpoint that gives access tokens, both over TLS.

`with FcmService(folder) as service: phone = service.phone()`. What was sent stays in `service.messages`, every broken
rule in `service.violations`; `service.answer(...)` scripts what comes next. Nothing here reaches another machine."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.push_tls import Authority
from tests.support.sealed_box import Box

WAIT_SECONDS = 20.0
MOST_BYTES = 4096
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


@dataclass(frozen=True)
class Answer:
    """A status with Google's words for it; `field` is to blame."""

    status: int = 200
    code: str = ""
    retry_after: str = ""
    field: str = ""

    def give(self, name: str) -> web.Response:
        if self.status == 200:
            return web.json_response({"name": name})
        details: list[dict[str, Any]] = [{"@type": FCM_ERROR, "errorCode": self.code}]
        if self.field:
            details.append({"@type": BAD_REQUEST, "fieldViolations": [{"field": self.field}]})
        error = {"code": self.status, "message": "No.", "status": "NO", "details": details}
        headers = {"Retry-After": self.retry_after} if self.retry_after else {}
        return web.json_response({"error": error}, status=self.status, headers=headers)


@dataclass
class Request:
    """What came: the JSON of a message, and the status that it was answered with."""

    message: dict[str, Any]
    status: int = 0


class GooglePhone:
    """A phone's registration, its keys, and what arrived for it."""

    def __init__(self, service: FcmService) -> None:
        self._service = service
        self._box = Box()
        self.token, self.fid = (
            f"{secrets.token_urlsafe(8)}:APA91b{secrets.token_urlsafe(90)}",
            secrets.token_urlsafe(16),
        )

    def address(self, by: str = "token") -> dict[str, Any]:
        """What a device's `push` is made of."""
        return {"transport": "fcm", by: getattr(self, by), "keys": self._box.keys}

    @property
    def accepted(self) -> list[Request]:
        """What Google took for it, oldest first."""
        with self._service.changed:
            taken = [each for each in self._service.messages if each.status == 200]
        own = (self.token, self.fid)
        return [each for each in taken if each.message.get("token") in own or each.message.get("fid") in own]

    def opened(self, request: Request) -> dict[str, Any]:
        """What a message says to this phone alone."""
        return dict(json.loads(self._box.opened(request.message["data"]["callinvite"])))

    def hears(self, kind: str, count: int = 1) -> tuple[Request, dict[str, Any]]:
        """Wait until so many messages of a kind came; gives the last of them, as it came and decrypted."""

        def found() -> list[tuple[Request, dict[str, Any]]]:
            opened = [(each, self.opened(each)) for each in self.accepted]
            return [each for each in opened if each[1]["kind"] == kind]

        self._service.wait_until(lambda: len(found()) >= count, lambda: f"{len(found())} of {kind}")
        return found()[count - 1]


class FcmService:
    """FCM, in a thread, on 127.0.0.1 and a free port.

    Attributes:
        messages: every request, oldest first, refused or not.
        violations: every broken rule, in words.
        asked: how often an access token was asked for.
        changed: guards all of this, and is notified when any of it changes.
    """

    project, email, key_id = "callinvite-test", "sender@callinvite-test.iam.gserviceaccount.com", "k1"

    def __init__(self, folder: Path) -> None:
        self.messages: list[Request] = []
        self.violations: list[str] = []
        self.asked = 0
        self.changed = threading.Condition()
        self.port = 0
        self._script: deque[Answer] = deque()
        self._for_tokens: deque[int] = deque()
        self._valid: set[str] = set()
        self._folder = folder
        self._authority = Authority(folder)
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="fcm")
        self._runner: web.AppRunner | None = None

    @property
    def origin(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def ca_file(self) -> Path:
        """For SSL_CERT_FILE."""
        return self._authority.ca_file

    @property
    def settings(self) -> dict[str, str]:
        """What a server needs to send here, as names in its environment."""
        return {
            "CALLINVITE_FCM_CREDENTIALS_FILE": str(self._folder / "account.json"),
            "CALLINVITE_FCM_URL": self.origin,
        }

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(WAIT_SECONDS)
        account = {
            "type": "service_account",
            "project_id": self.project,
            "private_key_id": self.key_id,
            "private_key": self._key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ).decode(),
            "client_email": self.email,
            "token_uri": f"{self.origin}/token",
        }
        (self._folder / "account.json").write_text(json.dumps(account))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(WAIT_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_SECONDS)
        self._loop.close()

    def phone(self) -> GooglePhone:
        """A phone that Google knows."""
        return GooglePhone(self)

    def answer(self, *answers: Answer) -> None:
        """Answer the next good messages so, in order; then 200 again."""
        with self.changed:
            self._script.extend(answers)

    def answer_for_tokens(self, *statuses: int) -> None:
        """Answer the next questions for an access token so; then give one again."""
        with self.changed:
            self._for_tokens.extend(statuses)

    def forget_tokens(self) -> None:
        """Take none of the access tokens any more that were given: 401."""
        with self.changed:
            self._valid.clear()

    def wait_until(self, condition: Callable[[], bool], describe: Callable[[], str] = lambda: "") -> None:
        """Wait until something about what came holds.

        Raises:
            TimeoutError: it does not.
        """
        with self.changed:
            if not self.changed.wait_for(condition, WAIT_SECONDS):
                raise TimeoutError(f"{describe()}; {len(self.messages)} messages, violations {self.violations}")

    async def _listen(self) -> None:
        application = web.Application()
        application.router.add_post("/token", self._give_token)
        application.router.add_post(f"/v1/projects/{self.project}/messages:send", self._take)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._authority.context("localhost")).start()
        self.port = self._runner.addresses[0][1]

    async def _end(self) -> None:
        assert self._runner is not None
        for each in self._runner.server.connections if self._runner.server else []:
            if each.transport is not None:
                each.transport.abort()
        await self._runner.cleanup()
        while asyncio.all_tasks() != {asyncio.current_task()}:
            await asyncio.sleep(0)
        await asyncio.sleep(0)  # the callbacks by which connections end

    async def _give_token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        with self.changed:
            self.asked += 1
            broken = list(self._wrong_with(dict(form)))
            self.violations += broken
            status = 400 if broken else self._for_tokens.popleft() if self._for_tokens else 200
            if status != 200:
                return web.json_response({"error": "invalid_grant"}, status=status)
            token = f"ya29.{secrets.token_urlsafe(40)}"
            self._valid.add(token)
        return web.json_response({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    def _wrong_with(self, form: dict[str, Any]) -> Iterator[str]:
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            yield f"the grant is {form.get('grant_type')!r}"
        try:
            claims = jwt.decode(
                form.get("assertion", ""), self._key.public_key(), algorithms=["RS256"], audience=f"{self.origin}/token"
            )
        except jwt.PyJWTError as error:
            yield f"the assertion cannot be verified: {type(error).__name__}"
            return
        if (claims.get("iss"), claims.get("scope")) != (self.email, SCOPE):
            yield f"the assertion is by {claims.get('iss')!r}, for {claims.get('scope')!r}"
        if not 0 < claims["exp"] - claims["iat"] <= 3600 or abs(claims["iat"] - time.time()) > 60:
            yield "the assertion lasts longer than an hour, or is of another time"

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        with self.changed:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme != "Bearer" or token not in self._valid:
                return Answer(401, "UNAUTHENTICATED").give("")
            taken = Request(dict(json.loads(body)["message"]))
            self.messages.append(taken)
            broken = list(_wrong_with_message(taken.message))
            self.violations += broken
            answer = Answer(400, "INVALID_ARGUMENT") if broken else self._script.popleft() if self._script else Answer()
            taken.status = answer.status
            self.changed.notify_all()
        return answer.give(f"projects/{self.project}/messages/{len(self.messages)}")


def _wrong_with_message(message: dict[str, Any]) -> Iterator[str]:
    if ("token" in message) == ("fid" in message):
        yield "neither one token nor one fid"
    if not set(message) <= {"token", "fid", "data", "android"}:
        yield f"more than data: {sorted(message)}"
    data = message.get("data", {})
    if not data or not all(type(value) is str for value in data.values()):
        yield "data that is not made of strings"
    if sum(len(name) + len(value) for name, value in data.items()) > MOST_BYTES:
        yield f"more than {MOST_BYTES} bytes of data"
    android = message.get("android", {})
    if android.get("priority") not in ("HIGH", "NORMAL") or not re.fullmatch(r"[0-9]+s", android.get("ttl", "")):
        yield f"priority and time to live are {android!r}"
    if "collapse_key" in android:
        yield "a collapse key: four of them are kept, then any is dropped"
