"""An OpenID provider that is not ours: oidc-provider-mock, which is built on Authlib, as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.support.server import free_port

START_SECONDS = 30.0
COMMAND = Path(sys.executable).parent / "oidc-provider-mock"


@contextmanager
def openid_mock(*people: dict[str, Any]) -> Iterator[str]:
    """Run the provider.

    Args:
        people: the claims of each person, with `sub`.

    Yields:
        Its issuer.
    """
    issuer = f"http://127.0.0.1:{(port := free_port())}"
    users = [word for each in people for word in ("--user-claims", json.dumps(each))]
    arguments = [str(COMMAND), "--port", str(port), "--require-nonce", *users]
    env = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"}
    with subprocess.Popen(arguments, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(f"{issuer}/.well-known/openid-configuration", process)
            yield issuer
        finally:
            process.terminate()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    ends_at = time.monotonic() + START_SECONDS
    while True:
        try:
            httpx2.get(address).raise_for_status()
            return
        except httpx2.TransportError:
            assert process.poll() is None, "the provider ended"
            assert time.monotonic() < ends_at, "the provider does not answer"
