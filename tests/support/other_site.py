"""The site of `examples/other-site` beside a product that lets its origin in, and people at its pages."""

from __future__ import annotations

import importlib.util
import json
import re
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

from tests.support.server import DEMO_PASSWORD, ROOT, RunningServer, free_port

FOLDER = ROOT / "examples" / "other-site"
PORT = free_port()
"""Known before the product starts, whose settings name it."""
ORIGIN = f"http://127.0.0.1:{PORT}"


@contextmanager
def running(server: RunningServer, pages: dict[str, str] | None = None) -> Iterator[str]:
    """The site, for this product; gives its address.

    Args:
        pages: further pages of it, by their paths.
    """
    module = _module()

    class Site(module.Site):  # type: ignore[name-defined]
        def do_GET(self) -> None:
            if self.path in (pages or {}):
                self._answer(200, (pages or {})[self.path], "text/html; charset=utf-8")
            else:
                super().do_GET()

    module.Site = Site
    site = module.site_for(server.url, _service_token(server), ("alice", "bob"), PORT)
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield ORIGIN
    finally:
        site.shutdown()
        site.server_close()
        thread.join(5)


def _service_token(server: RunningServer) -> str:
    """Of a service that may do no more than give people tokens."""
    (found,) = re.findall(r"svc_\w[\w-]+", server.manage("make_service", "shop", "--scope", "tokens"))
    return str(found)


def token_of(server: RunningServer, person: str) -> str:
    """A token of one of the demo users."""
    body = json.dumps({"username": person, "password": DEMO_PASSWORD}).encode()
    request = urllib.request.Request(f"{server.url}/api/v1/auth/token", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return str(json.load(answer)["token"])


class Elsewhere:
    """A person at another device, by REST."""

    def __init__(self, server: RunningServer, name: str) -> None:
        self.server = server
        self.token = token_of(server, name)

    def ask(self, path: str, body: Any = None, method: str | None = None) -> Any:
        """One request below the API; gives the answer's body."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.server.url}/api/v1/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def send(self, invitee: str, **more: Any) -> str:
        """Ring somebody; gives the call's id."""
        answer = self.ask("calls", {"invitees": [invitee], "is_video_call": True, **more})
        return str(answer["call"]["call_id"])

    def call(self, call_id: str) -> Any:
        """A call as it is now."""
        return self.ask(f"calls/{call_id}")

    def until(self, condition: Callable[[], Any], timeout_seconds: float = 20) -> None:
        """Wait until something holds that is to be seen from there.

        Raises:
            TimeoutError: it does not.
        """
        deadline = monotonic() + timeout_seconds
        while not condition():
            if monotonic() > deadline:
                raise TimeoutError(f"Still not so after {timeout_seconds:g} s")
            sleep(0.05)


def _module() -> Any:
    spec = importlib.util.spec_from_file_location("other_site_example", FOLDER / "site.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
