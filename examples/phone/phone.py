"""A phone for your terminal: it registers, is rung by push while nothing else is open, and answers by REST.

What stands here is all that an app on Android with UnifiedPush does. The address that a distributor would give it is
this program's own, so the server must be allowed to send there; README.md says how to start
both. Besides Python it needs `cryptography` and `http-ece`."""

from __future__ import annotations

import argparse
import json
import queue
import secrets
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from base64 import urlsafe_b64encode
from contextlib import suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import http_ece  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

JSON = dict[str, Any]
MOST_BYTES = 4096
HEARTBEAT_SECONDS = 10.0
LOOK_SECONDS = 1.0
TIMEOUT_SECONDS = 10.0
MISSED = {"cancelled": "cancelled before it was answered", "timed_out": "nobody answered"}
"""How a ring was missed, by the `reason` of its stop. If it was not, the title says how it ended and where."""


class Refused(Exception):
    """The server said no; `code` is one of the closed list of errors. The message says why, field by field."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Server:
    """REST at one server, as one app.

    Args:
        url: such as https://calls.example.org.
    """

    def __init__(self, url: str) -> None:
        self._api = f"{url.rstrip('/')}/api/v1/"
        self._token = ""

    def sign_in(self, user: str, password: str, device_id: str) -> None:
        """Get this app's token."""
        body = {"username": user, "password": password, "device_id": device_id, "device_name": "Terminal"}
        self._token = self.ask("POST", "auth/token", body)["token"]

    def ask(self, method: str, path: str, body: JSON | None = None, *, action_token: str = "") -> JSON:
        """One request.

        Args:
            action_token: of a push message, which stands in the place of being signed in.

        Raises:
            Refused: the server said no.
            OSError: it did not answer.
        """
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if action_token:
            headers["Authorization"] = f"Invitation {action_token}"
        elif self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._api + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                return dict(json.loads(answer.read() or b"{}"))
        except urllib.error.HTTPError as error:
            with error:
                said = json.loads(error.read() or b"{}")
            errors = said["errors"] if isinstance(said.get("errors"), dict) else {}
            why = [f"{field}: {' '.join(each)}" for field, each in errors.items()]
            raise Refused(said.get("code", str(error.code)), " ".join([said.get("detail", ""), *why])) from None


class Mailbox:
    """What a UnifiedPush distributor gives an app: an address, and what arrives there.

    Args:
        host: to listen on.
        port: to listen on.
    """

    def __init__(self, host: str, port: int) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = secrets.token_bytes(16)
        self._path = f"/push/{secrets.token_urlsafe(16)}"
        self.messages: queue.Queue[JSON] = queue.Queue(maxsize=100)
        mailbox = self

        class Handler(BaseHTTPRequestHandler):
            timeout = TIMEOUT_SECONDS

            def do_POST(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                # Whoever asks for another path does not know the address.
                if self.path != mailbox._path or not 0 < size <= MOST_BYTES:
                    self.send_error(404 if self.path != mailbox._path else 413)
                    return
                mailbox._take(self.rfile.read(size))
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self._http = ThreadingHTTPServer((host, port), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def address(self) -> JSON:
        """What the device registers as its `push`."""
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        host, port = self._http.server_address[:2]
        keys = {"p256dh": base64url(point), "auth": base64url(self._auth)}
        return {"transport": "webpush", "endpoint": f"http://{host!s}:{port}{self._path}", "keys": keys}

    def close(self) -> None:
        """Take nothing more."""
        self._http.shutdown()
        self._http.server_close()

    def _take(self, body: bytes) -> None:
        """Decrypt a message (RFC 8291). What is not for these keys was sent by somebody else."""
        try:
            plain = http_ece.decrypt(body, private_key=self._key, auth_secret=self._auth, version="aes128gcm")
            self.messages.put_nowait(dict(json.loads(plain)))
        except (http_ece.ECEException, ValueError, TypeError, queue.Full):
            say("A message came that cannot be read.")


class Phone:
    """Rings, and answers as it was told to.

    Args:
        server: where it is signed in.
        device_id: its own.
        answer: `accept` or `reject` by itself; empty only rings.
    """

    def __init__(self, server: Server, device_id: str, answer: str) -> None:
        self._server, self._device_id, self._answer = server, device_id, answer

    def hear(self, message: JSON) -> None:
        """Do what a push message asks for."""
        if message["kind"] in ("ring", "test"):
            self._ring(message)
        elif message["kind"] == "stop":
            # The notification takes the place of the ring's, which has the same tag.
            how = MISSED.get(message["reason"], "") if message["missed"] else ""
            say(message["notification"]["title"], how and f"({how})")
        else:
            say(message["notification"]["title"], message["notification"]["body"])

    def _ring(self, message: JSON) -> None:
        late = datetime.fromisoformat(message["expires_at"]) <= datetime.fromisoformat(message["server_time"])
        if late:
            say("Missed call")
            return
        if message["kind"] == "test":
            say(message["notification"]["title"])
            path = f"devices/{self._device_id}/test-ring/ringing"
            self._server.ask("POST", path, {}, action_token=message["action_token"])
            return
        if not message["renotify"]:
            shown = message["notification"]
            say(f"{shown['title']} calls:", shown["body"].splitlines()[0] if shown["body"] else "")
        # Where the message may show nothing, `current` is the ring that its token is for.
        call = message["call_id"] or "current"
        try:
            self._server.ask("POST", f"calls/{call}/ringing", {"audible": True}, action_token=message["action_token"])
            if self._answer == "reject":
                self._server.ask("POST", f"calls/{call}/reject", {}, action_token=message["action_token"])
                say("Declined")
        except Refused:
            # 410: the ring was over before. The push that follows says how.
            return
        if self._answer == "accept":
            self._talk(call)

    def _talk(self, call: str) -> None:
        """Accept, and stay until the call is over. Only somebody who is signed in can be in a call."""
        own = {"device_id": self._device_id}
        try:
            call = self._server.ask("POST", f"calls/{call}/accept", own)["call"]["call_id"]
            say("Accepted")
            verb, due_at = "connected", time.monotonic()
            while (seen := self._server.ask("GET", f"calls/{call}"))["state"] != "ended":
                if time.monotonic() >= due_at:
                    # It may have ended since it was read, which the next look says.
                    with suppress(Refused):
                        self._server.ask("POST", f"calls/{call}/{verb}", own)
                    verb, due_at = "heartbeat", time.monotonic() + HEARTBEAT_SECONDS
                time.sleep(LOOK_SECONDS)
            say(f"The call is over: {seen['end_reason']}")
        except Refused as refused:
            say(f"It is over: {refused.code}")


def base64url(raw: bytes) -> str:
    """Unpadded base64url, as keys are written."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def say(*words: str) -> None:
    """Print a line. Others wrote parts of it: none of their characters may control the terminal."""
    text = " ".join(each for each in words if each)
    print("".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text), flush=True)


def host_and_port(text: str) -> tuple[str, int]:
    """What `--listen` says.

    Raises:
        argparse.ArgumentTypeError: it is not HOST:PORT.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError(f"{text} is not HOST:PORT, such as 127.0.0.1:9000")
    return host, int(port)


def main() -> int:
    """Be a phone until Ctrl-C."""
    reader = argparse.ArgumentParser(description="A phone for your terminal.")
    reader.add_argument("--server", required=True, help="such as http://127.0.0.1:8000")
    reader.add_argument("--user", required=True)
    reader.add_argument("--password", required=True)
    listening = "where push messages arrive"
    reader.add_argument("--listen", required=True, type=host_and_port, metavar="HOST:PORT", help=listening)
    reader.add_argument("--answer", choices=["accept", "reject"], default="", help="answer every call so")
    chosen = reader.parse_args()
    host, port = chosen.listen
    device_id = f"terminal-{port}"
    server, mailbox = Server(chosen.server), Mailbox(host, port)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server.sign_in(chosen.user, chosen.password, device_id)
        device = {"label": "Terminal", "kind": "android", "push": mailbox.address()}
        server.ask("PUT", f"devices/{device_id}", device)
        say(f"{chosen.user} can be called.")
        phone = Phone(server, device_id, chosen.answer)
        while True:
            phone.hear(mailbox.messages.get())
    except Refused as refused:
        say(f"The server refused: {refused.code}. {refused}")
        return 1
    except OSError as error:
        say(f"The server cannot be reached: {error}")
        return 1
    except KeyboardInterrupt:
        # Who signs out is not rung here any more.
        server.ask("DELETE", "auth/token")
        return 0
    finally:
        mailbox.close()


if __name__ == "__main__":
    sys.exit(main())
