"""The site of `examples/other-site` beside a product that lets its origin in, and people at its pages."""

from __future__ import annotations

import importlib.util
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
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
    site = module.site_for(server.url, DEMO_PASSWORD, ("alice", "bob"), PORT)
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield ORIGIN
    finally:
        site.shutdown()
        site.server_close()
        thread.join(5)


def token_of(server: RunningServer, person: str) -> str:
    """A token of one of the demo users."""
    body = json.dumps({"username": person, "password": DEMO_PASSWORD}).encode()
    request = urllib.request.Request(f"{server.url}/api/v1/auth/token", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return str(json.load(answer)["token"])


def _module() -> Any:
    spec = importlib.util.spec_from_file_location("other_site_example", FOLDER / "site.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
