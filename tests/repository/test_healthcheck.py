"""The container's health check asks like the proxy in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from deploy import healthcheck


class Sites(HTTPServer):
    """A web process that notes how it was asked."""

    scheme = ""


class _Page(BaseHTTPRequestHandler):
    server: Sites

    def do_GET(self) -> None:
        self.server.scheme = self.headers["X-Forwarded-Proto"]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the test's output to itself."""


@pytest.fixture
def site() -> Iterator[Sites]:
    with Sites(("127.0.0.1", 0), _Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(
    ("said", "scheme"),
    [
        ("true", "https"),
        ("y", "https"),
        (" On ", "https"),
        ("2", "https"),
        ("0", "http"),
        ("", "http"),
    ],
)
def test_https_is_said_in_the_words_that_the_settings_understand(
    site: Sites, monkeypatch: pytest.MonkeyPatch, said: str, scheme: str
) -> None:
    monkeypatch.setenv("HTTPS", said)
    assert healthcheck.main(site.server_port) == 0
    assert site.scheme == scheme
