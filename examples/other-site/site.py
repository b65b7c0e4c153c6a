"""A site of its own, on another origin than Callinvite, whose pages ring, answer and talk.

    python examples/other-site/site.py --calls http://127.0.0.1:8000 --service-token svc_…

Needs nothing but Python, and a Callinvite server with `CALLINVITE_ORIGINS=http://127.0.0.1:9000`. The people here
choose who they are; a real site knows by its own sign-in, and asks Callinvite for tokens of nobody else. The token of
the service never leaves this program: pages get one that is one person's, and short-lived.
"""

from __future__ import annotations

import argparse
import json
import secrets
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

FOLDER = Path(__file__).resolve().parent
FILES = {"/": "index.html", "/site.css": "site.css", "/calls/worker.js": "worker.js"}
TOKEN_SECONDS = 3600


class Site(BaseHTTPRequestHandler):
    """Answers one request. The class is made for one Callinvite server by `site_for`."""

    calls: str
    service_token: str
    people: tuple[str, str]

    def do_GET(self) -> None:
        """The page, its style, its service worker, and the links by which one becomes somebody."""
        if self.path.startswith("/as/"):
            cookie = f"me={self.path[4:]}; HttpOnly; SameSite=Strict; Path=/"
            self._answer(303, headers={"Location": "/", "Set-Cookie": cookie})
        elif self.path in FILES:
            self._show(FILES[self.path])
        else:
            self._answer(204 if self.path == "/favicon.ico" else 404)

    def do_POST(self) -> None:
        """A token for whoever is at the page, and only if it is our page that asks: cookies alone do not tell."""
        if self.path != "/token" or self.headers.get("Sec-Fetch-Site") != "same-origin":
            self._answer(403)
            return
        device_id = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 64)).decode()
        self._answer(200, json.dumps(self._token_of(self._me(), device_id)), "application/json")

    def _token_of(self, person: str, device_id: str) -> str:
        # The page's own device: without it, each load of the page would be another one.
        asked = {"device_id": device_id or None, "device_name": "The shop", "lifetime_seconds": TOKEN_SECONDS}
        body = json.dumps(asked).encode()
        headers = {"Authorization": f"Bearer {self.service_token}", "Content-Type": "application/json"}
        with urlopen(Request(f"{self.calls}/api/v1/users/{person}/tokens", body, headers), timeout=10) as answer:
            return str(json.load(answer)["token"])

    def _me(self) -> str:
        chosen = SimpleCookie(self.headers.get("Cookie", "")).get("me")
        return chosen.value if chosen is not None and chosen.value in self.people else self.people[0]

    def _show(self, name: str) -> None:
        kind = {"html": "text/html", "css": "text/css", "js": "text/javascript"}[name.rpartition(".")[2]]
        nonce, me = secrets.token_urlsafe(16), self._me()
        text = (FOLDER / name).read_text()
        other = self.people[1 - self.people.index(me)]
        for key, value in {"calls": self.calls, "nonce": nonce, "me": me, "other": other}.items():
            text = text.replace(f"{{{{{key}}}}}", value)
        live = self.calls.replace("http", "ws", 1)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}' {self.calls}; connect-src 'self' {self.calls} {live}; "
            "style-src 'self'; img-src 'self'; worker-src 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        if name == "worker.js":
            # A worker is held to the policy that it was served with, and loads nothing else.
            policy = f"default-src 'none'; script-src {self.calls}; connect-src {self.calls}"
        headers = {"Content-Security-Policy": policy, "Permissions-Policy": "camera=(self), microphone=(self)"}
        self._answer(200, text, f"{kind}; charset=utf-8", headers)

    def _answer(
        self, status: int, text: str = "", kind: str = "text/plain", headers: dict[str, str] | None = None
    ) -> None:
        body = text.encode()
        self.send_response(status)
        for key, value in {"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store"}.items():
            self.send_header(key, value)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing of single requests."""


def site_for(calls: str, service_token: str, people: tuple[str, str], port: int) -> ThreadingHTTPServer:
    """A server for one Callinvite server.

    Args:
        calls: its address, without a slash at the end.
        service_token: of a service with the scope `tokens`.
        people: the ids of two people there.
        port: on 127.0.0.1; 0 for any.
    """
    bound = type("BoundSite", (Site,), {"calls": calls, "service_token": service_token, "people": people})
    return ThreadingHTTPServer(("127.0.0.1", port), bound)


def main() -> None:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(description="A site on another origin, with calls by Callinvite.")
    parser.add_argument("--calls", default="http://127.0.0.1:8000")
    parser.add_argument("--service-token", required=True)
    parser.add_argument("--people", default="alice,bob")
    parser.add_argument("--port", type=int, default=9000)
    chosen = parser.parse_args()
    one, other = chosen.people.split(",")
    server = site_for(chosen.calls.rstrip("/"), chosen.service_token, (one, other), chosen.port)
    print(f"http://127.0.0.1:{server.server_address[1]}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
